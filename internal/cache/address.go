package cache

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// parseAddress reads where a Redis is:
//
//	redis://[USER:PASSWORD@]HOST[:PORT][/DB]
//	rediss://…                                     over TLS
//	redis://HOST1,HOST2,HOST3 or …?cluster=true    a cluster
//	redis+sentinel://HOST1,HOST2/MASTER[/DB]       sentinels (or …?master_name=MASTER); rediss+sentinel for TLS
//	unix:///path/to/socket[?db=DB]
//
// and its settings, each as a query key: db, cluster, master_name,
// sentinel_username, sentinel_password, timeout (of one look-up or write),
// pool_size, and for TLS cacert, cert, key (files) and skip_verify.
//
// No error repeats the address, since it may hold a password.
func parseAddress(address string) (*redis.UniversalOptions, time.Duration, error) {
	scheme, rest, ok := strings.Cut(address, "://")
	base, sentinel := strings.CutSuffix(scheme, "+sentinel")
	if !ok || base != "redis" && base != "rediss" && (base != "unix" || sentinel) {
		return nil, 0, errors.New("a Redis address begins with redis://, rediss://, redis+sentinel://, rediss+sentinel:// or unix://")
	}
	// Several hosts are no URL to net/url, so they are taken out first.
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	user, hosts := "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, hosts = authority[:i+1], authority[i+1:]
	}
	u, err := url.Parse(base + "://" + user + "x" + path)
	if err != nil {
		return nil, 0, errors.New("the Redis address is no URL; write special characters of user and password as %XX")
	}
	q := query{values: u.Query()}
	o := &redis.UniversalOptions{
		Username:         u.User.Username(),
		MasterName:       q.text("master_name"),
		SentinelUsername: q.text("sentinel_username"),
		SentinelPassword: q.text("sentinel_password"),
		IsClusterMode:    q.truth("cluster"),
		PoolSize:         q.number("pool_size"),
		DB:               q.number("db"),
	}
	o.Password, _ = u.User.Password()
	timeout := q.duration("timeout")
	if base == "unix" {
		if hosts != "" || u.Path == "" {
			q.fail("unix:// is followed by the path of a socket, as in unix:///run/redis.sock")
		}
		o.Addrs = []string{u.Path}
	} else {
		port := "6379"
		parts := strings.FieldsFunc(u.Path, func(r rune) bool { return r == '/' })
		if sentinel {
			port = "26379"
			if o.MasterName == "" && len(parts) > 0 {
				o.MasterName, parts = parts[0], parts[1:]
			}
		}
		if len(parts) > 0 {
			o.DB = q.parse("the database after /", parts[0])
		}
		if len(parts) > 1 {
			q.fail("the path of a Redis address is the number of a database")
		}
		o.Addrs = q.hosts(hosts, port)
	}
	if sentinel && o.MasterName == "" {
		q.fail("name the master the sentinels watch: redis+sentinel://HOST/MASTER")
	}
	if cluster := o.MasterName == "" && (len(o.Addrs) > 1 || o.IsClusterMode); cluster && o.DB != 0 {
		q.fail("a Redis cluster has database 0 only")
	}
	if base == "rediss" {
		o.TLSConfig = q.tls()
	}
	return o, timeout, q.end()
}

// query reads settings and keeps the first error; what is left at the end is
// unknown.
type query struct {
	values url.Values
	err    error
}

func (q *query) fail(format string, args ...any) {
	if q.err == nil {
		q.err = fmt.Errorf(format, args...)
	}
}

func (q *query) end() error {
	if left := slices.Sorted(maps.Keys(q.values)); q.err == nil && len(left) > 0 {
		q.fail("unknown setting %q in the Redis address", left[0])
	}
	return q.err
}

func (q *query) text(key string) string {
	s := q.values.Get(key)
	delete(q.values, key)
	return s
}

func (q *query) number(key string) int {
	s := q.text(key)
	if s == "" {
		return 0
	}
	return q.parse(key, s)
}

func (q *query) parse(what, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		q.fail("%s in the Redis address is a number", what)
	}
	return n
}

func (q *query) truth(key string) bool {
	s := q.text(key)
	b, err := strconv.ParseBool(s)
	if err != nil && s != "" {
		q.fail("%s in the Redis address is true or false", key)
	}
	return b
}

func (q *query) duration(key string) time.Duration {
	s := q.text(key)
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		q.fail("%s in the Redis address is a duration such as 200ms", key)
	}
	return d
}

func (q *query) hosts(list, port string) []string {
	var addrs []string
	for host := range strings.SplitSeq(list, ",") {
		if host == "" {
			q.fail("a host is missing in the Redis address")
		}
		name, number, err := net.SplitHostPort(host)
		if err != nil {
			name, number = strings.Trim(host, "[]"), port
		}
		if strings.ContainsAny(name, "[]") {
			q.fail("a bracket is left over in the Redis address: they stand around an IPv6 address only")
		}
		if n, err := strconv.Atoi(number); err != nil || n < 1 || n > 65535 {
			q.fail("a port in the Redis address is a number from 1 to 65535")
		}
		addrs = append(addrs, net.JoinHostPort(name, number))
	}
	return addrs
}

func (q *query) tls() *tls.Config {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: q.truth("skip_verify")} //nolint:gosec // the user says so in the address
	if file := q.text("cacert"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			q.fail("cacert of the Redis address: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			q.fail("cacert of the Redis address: no PEM certificate in %s", file)
		}
	}
	if cert, key := q.text("cert"), q.text("key"); cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			q.fail("cert and key of the Redis address: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg
}
