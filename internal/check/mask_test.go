package check

import (
	"fmt"
	"strings"
	"testing"
)

func TestMaskURLHidesSecrets(t *testing.T) {
	rows := []struct{ name, url, want string }{
		{"nothing to hide", "https://example.com/a?b=c&d=e#f", "https://example.com/a?b=c&d=e#f"},
		{"user and password", "https://me:s3cret@example.com/", "https://***@example.com/"},
		{"token as user", "https://ghp_x@example.com/", "https://***@example.com/"},
		{"password with @", "https://me:a@b@example.com/", "https://***@example.com/"},
		{"password with delimiters", "https://me:a;b&c@example.com/", "https://***@example.com/"},
		{"password with /", "https://me:a/b@example.com/", "https://***@example.com/"},
		{"password with ?", "https://me:a?b@example.com/", "https://***@example.com/"},
		{"password with #", "https://me:#b@example.com/", "https://***@example.com/"},
		{"@ in the path", "https://example.com:8443/@me/a:b@c", "https://example.com:8443/@me/a:b@c"},
		{"@ in the query", "https://example.com/?to=me@example.com", "https://example.com/?to=me@example.com"},
		{"@ in the path behind IPv6", "https://[::1]:81/@me", "https://[::1]:81/@me"},
		{"no scheme", "me:s3cret@example.com/", "***@example.com/"},
		{"no scheme, URL in the query", "me:s3cret@a.test/?u=http://you:too@b.test/", "***@a.test/?u=http://***@b.test/"},
		{"only slashes", "//me:s3cret@example.com/", "//***@example.com/"},
		{"one slash", "http:/me:s3cret@example.com/", "***@example.com/"},
		{"backslashes", `http:\\me:s3cret@example.com\`, `***@example.com\`},
		{"URL in the path", "https://a.test/https://me:s3cret@b.test/", "https://a.test/https://***@b.test/"},
		{"token", "https://example.com/?token=x", "https://example.com/?token=***"},
		{"among others", "https://example.com/?a=1&api_key=x&b=2", "https://example.com/?a=1&api_key=***&b=2"},
		{"several", "https://example.com/?token=x&password=y", "https://example.com/?token=***&password=***"},
		{"semicolons", "https://example.com/?a=1;token=x", "https://example.com/?a=1;token=***"},
		{"semicolon in the value", "https://example.com/?token=x;y&b=2", "https://example.com/?token=***&b=2"},
		{"= in the value", "https://example.com/?sig=ab==&b=2", "https://example.com/?sig=***&b=2"},
		{"URL in the value", "https://example.com/?key=http://a/?b", "https://example.com/?key=***"},
		{"query of a URL in a value", "https://a.test/?u=http://b.test/?token=x", "https://a.test/?u=http://b.test/?token=***"},
		{"path parameter", "https://a.test/x;jsessionid=1?b=c", "https://a.test/x;jsessionid=***"},
		{"fragment", "https://a.test/#access_token=x&b=2", "https://a.test/#access_token=***&b=2"},
		{"before a fragment", "https://a.test/?token=x#f", "https://a.test/?token=***#f"},
		{"encoded key", "https://a.test/?%74o%6Ben=x", "https://a.test/?%74o%6Ben=***"},
		{"malformed key", "https://a.test/?%zztoken=x", "https://a.test/?%zztoken=***"},
		{"long key", "https://a.test/?" + strings.Repeat("a", 99) + "_token=x", "https://a.test/?" + strings.Repeat("a", 99) + "_token=***"},
		{"array key", "https://a.test/?auth[token]=x", "https://a.test/?auth[token]=***"},
		{"quotes in the value", "https://a.test/?token=a\"b<c>d`e'f&b=2", "https://a.test/?token=***&b=2"},
		{"empty value", "https://a.test/?token=&b=2", "https://a.test/?token=&b=2"},
		{"no value", "https://a.test/?token", "https://a.test/?token"},
		{"masked already", "https://***@a.test/?token=***", "https://***@a.test/?token=***"},
		{"nothing", "", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := MaskURL(row.url); got != row.want {
				t.Errorf("MaskURL(%q) = %q, want %q", row.url, got, row.want)
			}
			if got := MaskText("a " + row.url + "\tb"); got != "a "+row.want+"\tb" {
				t.Errorf("MaskText = %q, want %q in it", got, row.want)
			}
		})
	}
}

func ExampleMaskText() {
	fmt.Println(MaskText(`Get "https://me:s3cret@example.com/?token=abc&page=2": i/o timeout`))
	// Output: Get "https://***@example.com/?token=***&page=2": i/o timeout
}

func TestMaskTextHidesTheSecretsOfEachURL(t *testing.T) {
	rows := []struct{ name, text, want string }{
		{"an error", `Get "https://u:p@a.test/?token=x": dial tcp: i/o timeout`, `Get "https://***@a.test/?token=***": dial tcp: i/o timeout`},
		{"two URLs", "https://u@a.test/ -> https://b.test/?sig=x", "https://***@a.test/ -> https://b.test/?sig=***"},
		{"a relative URL", `parse "/x?key=y"`, `parse "/x?key=***"`},
		{"a target line", "POST https://a.test/?token=x 202 <300ms tag=key", "POST https://a.test/?token=*** 202 <300ms tag=key"},
		{"JSON", `{"url":"https://u:p@a.test/","tags":["a"]}`, `{"url":"https://***@a.test/","tags":["a"]}`},
		{"in angle brackets", "<https://u:p@a.test/?pwd=x>", "<https://***@a.test/?pwd=***>"},
		{"in backticks, which may be of the secret", "see `https://u:p@a.test/?pwd=x`, please", "see `https://***@a.test/?pwd=*** please"},
		{"no URL", "x509: certificate is valid for a.test, not b.test", "x509: certificate is valid for a.test, not b.test"},
		{"a stack", "golang.org/x/net@v0.62.0/idna/idna.go:12", "golang.org/x/net@v0.62.0/idna/idna.go:12"},
		{"nothing", "", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := MaskText(row.text); got != row.want {
				t.Errorf("MaskText(%q) = %q, want %q", row.text, got, row.want)
			}
		})
	}
}

func TestSecretKeys(t *testing.T) {
	secret := []string{
		"token", "access_token", "refresh_token", "id_token", "authToken", "api_key", "apikey", "api-key", "API_KEY", "x-api-key", "key",
		"password", "passwd", "pwd", "pass", "secret", "client_secret", "clientSecret", "signature", "sig", "auth", "authorization",
		"X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-Credential", "AWSAccessKeyId", "X-Goog-Signature", "Ocp-Apim-Subscription-Key",
		"jwt", "sid", "PHPSESSID", "user[password]",
	}
	for _, key := range secret {
		if !isSecretKey(key) {
			t.Errorf("%s is not masked", key)
		}
	}
	for _, key := range []string{"", "q", "page", "monkey", "keyword", "key_id", "sort", "author", "tokens", "passenger", "signed", "design", "id", "X-Amz-Date"} {
		if isSecretKey(key) {
			t.Errorf("%s is masked", key)
		}
	}
}

func TestMaskingNothingAllocatesNothing(t *testing.T) {
	for _, s := range []string{"https://example.com/a/@b?page=2&sort=asc#top", `Get "https://example.com/?a=b": i/o timeout`} {
		if n := testing.AllocsPerRun(10, func() { _, _ = MaskURL(s), MaskText(s) }); n > 0 {
			t.Errorf("%q: %v allocations, want none", s, n)
		}
	}
}

// FuzzMask: a secret in a URL does not survive, whatever stands around it, also
// where the URL is read as text; what is masked is not changed by masking it
// again; and the canonical URL of a masked one masks to the same text, on which
// Identity relies.
func FuzzMask(f *testing.F) {
	f.Add("me", "example.com/a", "a=b")
	f.Add("m:e", "[::1]:81/@x", "a?b;c&d#e")
	f.Add("a@b", "a.test/https://b.test/", "=;&")
	f.Add("%41", "ä.test", "%zz")
	const secret = "hunter2"
	f.Fuzz(func(t *testing.T, user, rest, query string) {
		if strings.Contains(user+rest+query, secret) || strings.ContainsAny(user, "/?#") {
			return // then it is no user
		}
		u := "https://" + user + ":" + secret + "@" + rest + "?" + query + "&token=" + secret
		masked := MaskURL(u)
		if canonical, err := Normalize(u); err == nil {
			masked = MaskURL(canonical)
			if strings.Contains(masked, secret) {
				t.Fatalf("MaskURL(%q) = %q", canonical, masked)
			}
			if text := MaskText(canonical); text != masked {
				t.Fatalf("MaskText(%q) = %q, as a URL %q", canonical, text, masked)
			}
			again, err := Normalize(masked)
			if err != nil || MaskURL(again) != masked {
				t.Fatalf("%q masked is %q, normalised %q, %v", canonical, masked, again, err)
			}
		}
		if again := MaskURL(masked); again != masked {
			t.Fatalf("MaskURL(%q) = %q, and of that %q", u, masked, again)
		}
	})
}

func BenchmarkMaskURL(b *testing.B) {
	for name, u := range map[string]string{
		"plain":  "https://www.example.com/products/1234?ref=list&page=2",
		"secret": "https://me:s3cret@www.example.com/products/1234?ref=list&token=2",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				MaskURL(u)
			}
		})
	}
}
