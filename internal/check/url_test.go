package check

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestNormalizeGivesOneTextPerURL(t *testing.T) {
	rows := []struct{ name, raw, want string }{
		{"canonical", "https://example.com/a?b=c", "https://example.com/a?b=c"},
		{"bare host", "example.com", "https://example.com/"},
		{"bare host and port", "localhost:8080/x", "https://localhost:8080/x"},
		{"bare host and query", "example.com?x", "https://example.com/?x"},
		{"bare IPv6", "[::1]:8080", "https://[::1]:8080/"},
		{"bare host, URL in the query", "example.com/?u=http://x.test/", "https://example.com/?u=http://x.test/"},
		{"bare user", "user@example.com", "https://user@example.com/"},
		{"space around", " \t https://example.com/\r\n", "https://example.com/"},
		{"upper case", "HTTPS://EXAMPLE.COM/Path", "https://example.com/Path"},
		{"no path", "http://example.com", "http://example.com/"},
		{"no path, query", "http://example.com?a=b", "http://example.com/?a=b"},
		{"empty query stays", "http://example.com/?", "http://example.com/?"},
		{"fragment", "http://example.com/a#top", "http://example.com/a"},
		{"fragment with ? and @", "http://127.0.0.1#@ok.test/?", "http://127.0.0.1/"},
		{"default port http", "http://example.com:80/", "http://example.com/"},
		{"default port https", "https://example.com:443/", "https://example.com/"},
		{"other scheme's port", "http://example.com:443/", "http://example.com:443/"},
		{"port with zeros", "http://127.0.0.1:080/", "http://127.0.0.1/"},
		{"port with zeros, other", "http://127.0.0.1:08080/", "http://127.0.0.1:8080/"},
		{"last port", "http://example.com:65535/", "http://example.com:65535/"},
		{"colon without port", "http://example.com:/", "http://example.com/"},
		{"root dot", "http://example.com./", "http://example.com./"},
		{"underscore", "http://my_host.example.com/", "http://my_host.example.com/"},
		{"hyphens that registries forbid", "http://r3---sn-4g5e.example.com/", "http://r3---sn-4g5e.example.com/"},
		{"leading hyphen", "http://-a.example.com/", "http://-a.example.com/"},
		{"IDN", "http://Bücher.example/", "http://xn--bcher-kva.example/"},
		{"IDN keeps ß", "http://faß.example/", "http://xn--fa-hia.example/"},
		{"IDN percent-encoded", "http://b%C3%BCcher.example/", "http://xn--bcher-kva.example/"},
		{"IDN already encoded", "http://XN--BCHER-KVA.example/", "http://xn--bcher-kva.example/"},
		{"full-width letters", "http://ｅｘａｍｐｌｅ.com/", "http://example.com/"},
		{"IPv6", "http://[2001:DB8:0:0:0:0:0:1]/", "http://[2001:db8::1]/"},
		{"IPv6 zone", "http://[fe80::1%25eth0]:81/", "http://[fe80::1%25eth0]:81/"},
		{"IPv4 mapped", "http://[::ffff:7f00:1]/", "http://[::ffff:127.0.0.1]/"},
		{"user and password", "https://me:s%3Acret@example.com/", "https://me:s%3Acret@example.com/"},
		{"password with @", "https://me:a@b@example.com/", "https://me:a%40b@example.com/"},
		{"token as user", "https://ghp_x@example.com/", "https://ghp_x@example.com/"},
		{"empty user", "https://@example.com/", "https://example.com/"},
		{"empty user and password", "https://:@example.com/", "https://example.com/"},
		{"encoded stays as written", "http://h.test/%7euser/%2F?q=%c3", "http://h.test/%7euser/%2F?q=%c3"},
		{"encoded CR LF stays encoded", "http://127.0.0.1/%0d%0aX:1", "http://127.0.0.1/%0d%0aX:1"},
		{"brackets in the path", "http://h.test/a[1]", "http://h.test/a[1]"},
		{"dots in the path", "http://h.test/a/../b", "http://h.test/a/../b"},
		{"two slashes in the path", "http://h.test//a", "http://h.test//a"},
		{"path to encode", `http://h.test/ä"<>^|{}`, "http://h.test/%C3%A4%22%3C%3E%5E%7C%7B%7D"},
		{"encoded and to encode", `http://h.test/%2F"`, "http://h.test/%2F%22"},
		{"query to encode", `http://h.test/?q=ä"<>`, "http://h.test/?q=%C3%A4%22%3C%3E"},
		{"query not to encode", "http://h.test/?a=[1]{|}'^%zz", "http://h.test/?a=[1]{|}'^%zz"},
		{"bytes that are no UTF-8", "http://h.test/\xff?\xfe", "http://h.test/%FF?%FE"},
		{"query with its own ?", "http://h.test/?a?b=c", "http://h.test/?a?b=c"},
		{"long", "http://h.test/" + strings.Repeat("a", 300), "http://h.test/" + strings.Repeat("a", 300)},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, err := Normalize(row.raw)
			if err != nil || got != row.want {
				t.Errorf("Normalize(%q) = %q, %v, want %q", row.raw, got, err, row.want)
			}
		})
	}
}

func TestNormalizeSaysWhatIsWrong(t *testing.T) {
	label := strings.Repeat("a", 63)
	rows := []struct{ name, raw, want string }{
		{"nothing", "", "empty"},
		{"only space", " \t", "empty"},
		{"file", "file:///etc/passwd", "scheme file is not"},
		{"ftp", "FTP://example.com/", "scheme ftp is not"},
		{"gopher", "gopher://127.0.0.1:6379/_FLUSHALL", "scheme gopher is not"},
		{"dict", "dict://127.0.0.1:11211/", "scheme dict is not"},
		{"unix", "unix:///var/run/docker.sock", "scheme unix is not"},
		{"jar", "jar:http://127.0.0.1!/", "colon"},
		{"data", "data:text/html,x", "colon"},
		{"javascript", "javascript:alert(1)", "colon"},
		{"mailto", "mailto:a@example.com", "colon"},
		{"one slash", "http:/127.0.0.1/", "two slashes"},
		{"no slash", "HTTPS:127.0.0.1/", "two slashes"},
		{"no slash before a number", "http:80", "two slashes"},
		{"two slashes alone", "//127.0.0.1/", "no host"},
		{"a path", "/index.html", "no host"},
		{"three slashes", "http:///etc/passwd", "no host"},
		{"only a scheme", "http://", "no host"},
		{"only a port", "http://:80/", "no host"},
		{"only a root dot", "http://./", "no host"},
		{"backslashes", `http:\\127.0.0.1\`, "backslash"},
		{"backslash and @", `http://ok.test\@127.0.0.1/`, "backslash"},
		{"space", "http://ok.test/a b", "byte 17 of the URL is a space"},
		{"tab", "http://127.0.0.1\tx/", "control character 0x09"},
		{"CR LF", "http://127.0.0.1/\r\nX: 1", "control character 0x0d"},
		{"NUL", "http://127.0.0.1/\x00", "NUL"},
		{"DEL", "http://127.0.0.1/\x7f", "control character 0x7f"},
		{"NUL encoded in the host", "http://127.0.0.1%00.example.com/", "letters, digits"},
		{"slash encoded in the host", "http://a%2fb.test/", "letters, digits"},
		{"malformed encoding in the host", "http://a%zz.test/", "percent-encoding"},
		{"other characters in the host", "http://a!b.test/", "letters, digits"},
		{"two dots", "http://a..test/", "empty label"},
		{"leading dot", "http://.a.test/", "empty label"},
		{"label of 64", "http://" + label + "a.test/", "64 bytes"},
		{"host of 254", "http://" + strings.Repeat(label+".", 3) + strings.Repeat("a", 62) + "/", "254 bytes"},
		{"host of 64 KiB", "http://" + strings.Repeat("ä", 30<<10) + "/", "at most 253"},
		{"host that is no UTF-8", "http://\x86/", "international"},
		{"bogus punycode", "http://xn--0.test/", "international"},
		{"punycode of what IDNA maps away", "http://xn--a-ecp.ru/", "international"},
		{"port 0", "http://ok.test:0/", "port 0 is not"},
		{"port 65536", "http://ok.test:65536/", "port 65536 is not"},
		{"endless port", "http://ok.test:" + strings.Repeat("9", 99) + "/", "port 9999999999 is not"},
		{"port in words", "http://ok.test:http/", "port after the host is no number"},
		{"negative port", "http://ok.test:-1/", "port after the host is no number"},
		{"open bracket", "http://[::1/", "IPv6"},
		{"IPvFuture", "http://[v1.x]/", "IPv6"},
		{"IPv4 in brackets", "http://[127.0.0.1]/", "IPv6"},
		{"text behind brackets", "http://[::1]a/", "IPv6"},
		{"empty zone", "http://[fe80::1%25]/", "IPv6"},
		{"zone with a slash", "http://[fe80::1%25a/b]/", "IPv6"},
		{"zone with other characters", "http://[fe80::1%25a!b]/", "IPv6"},
		{"scheme with other characters", "ht_tp://example.com/", "colon"},
		{"zone not encoded", "http://[fe80::1%lo]/", "IPv6"},
		{"IPv6 without brackets", "http://::1/", "no host"},
		{"malformed encoding in the path", "http://ok.test/100%", "write %25"},
		{"malformed user", "http://a<b@ok.test/", "percent-encode"},
		{"64 KiB", "http://ok.test/" + strings.Repeat("a", MaxURL), "at most 65536"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, err := Normalize(row.raw)
			if err == nil {
				t.Fatalf("Normalize(%q) = %q, want an error", row.raw, got)
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("Normalize(%q): %v, want %q in it", row.raw, err, row.want)
			}
		})
	}
}

func TestNormalizeErrorsHoldNoSecret(t *testing.T) {
	for _, raw := range []string{
		"https://user:hunter2/x@example.com/",
		"https://user:hunter2?x@example.com/",
		"user:hunter2@example.com",
		"https://user:hunter2@exa mple.com/",
		"https://user:hunter2@example.com:99999/",
		"https://user:hunter2<@example.com/",
		"https://hunter2<:x@example.com/",
		"https://example.com/%zz?token=hunter2",
		"https://[::1?token=hunter2",
		"ftp://user:hunter2@example.com/",
	} {
		if got, err := Normalize(raw); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Normalize(%q) = %q, %v, want an error without the secret", raw, got, err)
		}
	}
}

func ExampleNormalize() {
	for _, raw := range []string{"example.com", "HTTP://Example.COM:80/a b", "http://bücher.example/#top", "ftp://example.com/"} {
		canonical, err := Normalize(raw)
		fmt.Println(canonical, err)
	}
	// Output:
	// https://example.com/ <nil>
	//  byte 24 of the URL is a space: write %20
	// http://xn--bcher-kva.example/ <nil>
	//  scheme ftp is not http or https
}

func TestHostIsTheAuthority(t *testing.T) {
	rows := []struct {
		name   string
		target Target
		want   string
	}{
		{"host", Target{URL: "https://example.com/a:b@c"}, "example.com"},
		{"port", Target{URL: "https://example.com:8443/"}, "example.com:8443"},
		{"user", Target{URL: "https://u:p@example.com/"}, "example.com"},
		{"IPv6", Target{URL: "http://[::1]:81/"}, "[::1]:81"},
		{"no path", Target{URL: "http://127.0.0.1:81"}, "127.0.0.1:81"},
		{"query without a path", Target{URL: "http://a.test?x=u@b.test"}, "a.test"},
		{"invalid", Target{URL: "https://example.com/", Invalid: "x"}, ""},
		{"nothing", Target{}, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := row.target.Host(); got != row.want {
				t.Errorf("Host() = %q, want %q", got, row.want)
			}
			if n := testing.AllocsPerRun(10, func() { _ = row.target.Host() }); n > 0 {
				t.Errorf("%v allocations, want none", n)
			}
		})
	}
}

// FuzzNormalize: what is taken is read the same by net/url, whose word decides
// in the end what is dialled and sent; and it is canonical.
func FuzzNormalize(f *testing.F) {
	for _, row := range hostileURLs() {
		if len(row.raw) < 1024 { // the fuzzer would spend its time on shortening the long ones
			f.Add(row.raw)
		}
	}
	for _, raw := range []string{
		"example.com", "https://u:p@example.com:8443/a?b#c", "http://[fe80::1%25lo]/", "http://bücher.example/ä?ö",
		"http://xn--bcher-kva.example/", "http://h/%2F\"", "https://:@h/", "http://h?x", "\x86", "http://h/[]%5b",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := Normalize(raw)
		if err != nil {
			if got != "" {
				t.Fatalf("%q with error %v", got, err)
			}
			return
		}
		if again, err := Normalize(got); err != nil || again != got {
			t.Fatalf("Normalize(%q) = %q, and of that %q, %v", raw, got, again, err)
		}
		u, err := url.Parse(got)
		if err != nil {
			t.Fatalf("Normalize(%q) = %q, which net/url refuses: %v", raw, got, err)
		}
		if u.String() != got {
			t.Errorf("%q is %q to net/url", got, u.String())
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Fragment != "" || !strings.HasPrefix(u.EscapedPath(), "/") {
			t.Errorf("%q is not an absolute http URL", got)
		}
		if host := (Target{URL: got}).Host(); strings.Replace(host, "%25", "%", 1) != u.Host {
			t.Errorf("Host of %q is %q, net/url says %q", got, host, u.Host)
		}
	})
}

func BenchmarkNormalize(b *testing.B) {
	rows := []struct{ name, raw string }{
		{"canonical", "https://www.example.com/products/1234?ref=list&page=2"},
		{"bare", "www.example.com/products/1234?ref=list&page=2"},
		{"mixed case", "HTTPS://WWW.Example.com/products/1234?ref=list&page=2#top"},
		{"IDN", "https://bücher.example/"},
	}
	for _, row := range rows {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Normalize(row.raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
