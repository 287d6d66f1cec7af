package cache

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestAddresses(t *testing.T) {
	for address, want := range map[string]struct {
		kind    string
		options redis.UniversalOptions // of which Addrs, user, password, DB and MasterName are compared
		tls     bool
		timeout time.Duration
	}{
		"redis://localhost":                {kind: "single", options: redis.UniversalOptions{Addrs: []string{"localhost:6379"}}},
		"redis://:p%40ss@10.0.0.1:7000/3":  {kind: "single", options: redis.UniversalOptions{Addrs: []string{"10.0.0.1:7000"}, Password: "p@ss", DB: 3}},
		"redis://hc:pw@[::1]?db=2":         {kind: "single", options: redis.UniversalOptions{Addrs: []string{"[::1]:6379"}, Username: "hc", Password: "pw", DB: 2}},
		"redis://[::1]:7000?timeout=250ms": {kind: "single", options: redis.UniversalOptions{Addrs: []string{"[::1]:7000"}}, timeout: 250 * time.Millisecond},
		"rediss://redis.test":              {kind: "single", options: redis.UniversalOptions{Addrs: []string{"redis.test:6379"}}, tls: true},
		"unix:///run/redis.sock?db=1":      {kind: "single", options: redis.UniversalOptions{Addrs: []string{"/run/redis.sock"}, DB: 1}},
		"unix://hc:pw@/run/redis.sock":     {kind: "single", options: redis.UniversalOptions{Addrs: []string{"/run/redis.sock"}, Username: "hc", Password: "pw"}},
		"redis://a,b:7000,c":               {kind: "cluster", options: redis.UniversalOptions{Addrs: []string{"a:6379", "b:7000", "c:6379"}}},
		"rediss://a?cluster=true":          {kind: "cluster", options: redis.UniversalOptions{Addrs: []string{"a:6379"}}, tls: true},
		"redis+sentinel://a,b:7000/main/4": {kind: "sentinel", options: redis.UniversalOptions{Addrs: []string{"a:26379", "b:7000"}, MasterName: "main", DB: 4}},
		"rediss+sentinel://a/main":         {kind: "sentinel", options: redis.UniversalOptions{Addrs: []string{"a:26379"}, MasterName: "main"}, tls: true},
		"redis://a:26379?master_name=main": {kind: "sentinel", options: redis.UniversalOptions{Addrs: []string{"a:26379"}, MasterName: "main"}},
	} {
		t.Run(address, func(t *testing.T) {
			o, timeout, err := parseAddress(address)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Join(o.Addrs, " ") != strings.Join(want.options.Addrs, " ") || o.Username != want.options.Username ||
				o.Password != want.options.Password || o.DB != want.options.DB || o.MasterName != want.options.MasterName {
				t.Errorf("got %+v", o)
			}
			if (o.TLSConfig != nil) != want.tls || timeout != want.timeout {
				t.Errorf("TLS %v, timeout %v", o.TLSConfig != nil, timeout)
			}
			s, err := NewRedis(RedisConfig{Address: address})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			kind := "single"
			if s.cluster {
				kind = "cluster"
			} else if o.MasterName != "" {
				kind = "sentinel"
			}
			if kind != want.kind {
				t.Errorf("it is a %s, want a %s", kind, want.kind)
			}
		})
	}
}

func TestAddressErrorsSayWhatToWriteAndHoldNoPassword(t *testing.T) {
	for address, want := range map[string]string{
		"":                                      "begins with redis://",
		"localhost:6379":                        "begins with redis://",
		"http://:s3cret@a":                      "begins with redis://",
		"unix+sentinel:///s3cret":               "begins with redis://",
		"redis://u:s3cret%@a":                   "as %XX",
		"redis://:s3cret@":                      "a host is missing",
		"redis://:s3cret@a,,b":                  "a host is missing",
		"redis://:s3cret@a[1":                   "a bracket is left over",
		"redis://:s3cret@a:port":                "a port in the Redis address is a number",
		"redis://:s3cret@a:0":                   "a port in the Redis address is a number",
		"redis://:s3cret@a/b":                   "the database after / in the Redis address is a number",
		"redis://:s3cret@a/1/2":                 "the path of a Redis address",
		"redis://:s3cret@a,b/1":                 "database 0 only",
		"redis://:s3cret@a?timeout=5":           "a duration such as 200ms",
		"redis://:s3cret@a?pool_size=x":         "pool_size in the Redis address is a number",
		"redis://:s3cret@a?cluster=perhaps":     "true or false",
		"redis://:s3cret@a?nonsense=s3cret":     `unknown setting "nonsense"`,
		"redis://:s3cret@a?cacert=/ca.pem":      `unknown setting "cacert"`,
		"rediss://:s3cret@a?cacert=/no/ca.pem":  "no such file",
		"rediss://:s3cret@a?cert=/no/pem&key=x": "cert and key",
		"redis+sentinel://:s3cret@a":            "name the master",
		"unix://:s3cret@":                       "the path of a socket",
		"unix://host/s3cret":                    "the path of a socket",
	} {
		t.Run(address, func(t *testing.T) {
			_, err := NewRedis(RedisConfig{Address: address})
			if err == nil {
				t.Fatal("it is taken")
			}
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v, want %q", err, want)
			}
		})
	}
}

// FuzzAddress: no text makes the parser panic; an error repeats nothing of the
// password; and what is read is somewhere to dial. Addresses with TLS are left out:
// they name files.
func FuzzAddress(f *testing.F) {
	const secret = "hunter2"
	for _, s := range []string{"h", "h:1/2", "a,b,c?cluster=true", "[::1]:6379/0?timeout=1s&pool_size=3", "h/%zz", "h?" + "db=-1", "h/1/2", "@h", "h?x=1"} {
		f.Add("redis", s)
	}
	f.Add("redis+sentinel", "a,b/master/1")
	f.Add("unix", "/run/redis.sock?db=1")
	f.Fuzz(func(t *testing.T, scheme, rest string) {
		if strings.HasPrefix(scheme, "rediss") || strings.Contains(scheme+rest, secret) {
			return
		}
		o, timeout, err := parseAddress(scheme + "://me:" + secret + "@" + rest)
		if err != nil {
			if strings.Contains(err.Error(), secret) {
				t.Fatalf("the error repeats the password: %v", err)
			}
			return
		}
		if len(o.Addrs) == 0 || o.DB < 0 || timeout < 0 || !strings.HasPrefix(o.Password, secret) { // an @ in rest makes it longer
			t.Fatalf("read as %+v, %s", o, timeout)
		}
		for _, a := range o.Addrs {
			if _, _, err := net.SplitHostPort(a); err != nil && scheme != "unix" {
				t.Fatalf("%q is nowhere to dial: %v", a, err)
			}
		}
	})
}
