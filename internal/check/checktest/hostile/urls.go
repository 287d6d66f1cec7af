package hostile

import "strings"

// A URL is one that shall not lead a service to an address of its own network.
type URL struct {
	Name, Raw string
	// Reason that a service gives for not asking it: "invalid_url" is refused by
	// its text, "blocked_address" as an address, and "" is that of a name, which is
	// judged by the addresses that it turns out to have.
	Reason string
}

// URLs are named by a number and what is hostile about them; some are controls,
// which may be asked.
func URLs() []URL {
	const (
		text    = "invalid_url"
		blocked = "blocked_address"
		lookup  = ""
	)
	return []URL{
		{"1 loopback", "http://127.0.0.1/", blocked},
		{"2 localhost", "http://localhost/", lookup},
		{"3 LOCALHOST.", "http://LOCALHOST./", lookup},
		{"4 a.localhost", "http://a.localhost/", lookup},
		{"5 two parts", "http://127.1/", text},
		{"6 three parts", "http://127.0.1/", text},
		{"7 decimal", "http://2130706433/", text},
		{"8 hexadecimal", "http://0x7f000001/", text},
		{"9 hexadecimal parts", "http://0x7f.1/", text},
		{"10 octal part", "http://0177.0.0.1/", text},
		{"11 octal", "http://017700000001/", text},
		{"12 leading zeros", "http://127.000.000.001/", text},
		{"13 zero", "http://0/", text},
		{"14 unspecified", "http://0.0.0.0/", blocked},
		{"15 unspecified v6", "http://[::]/", blocked},
		{"16 loopback v6", "http://[::1]/", blocked},
		{"17 loopback v6 in full", "http://[0:0:0:0:0:0:0:1]/", blocked},
		{"18 mapped", "http://[::ffff:127.0.0.1]/", blocked},
		{"19 mapped in hex", "http://[::ffff:7f00:1]/", blocked},
		{"20 translated", "http://[::ffff:0:127.0.0.1]/", blocked},
		{"21 compatible", "http://[::127.0.0.1]/", blocked},
		{"22 NAT64", "http://[64:ff9b::7f00:1]/", blocked},
		{"23 local NAT64", "http://[64:ff9b:1::7f00:1]/", blocked},
		{"24 6to4", "http://[2002:7f00:1::]/", blocked},
		{"25 Teredo", "http://[2001:0:7f00:1::]/", blocked},
		{"26 link local", "http://[fe80::1]/", blocked},
		{"27 zone", "http://[fe80::1%25lo]/", text}, // a zone is refused by its text
		{"28 site local", "http://[fec0::1]/", blocked},
		{"29 AWS v6", "http://[fd00:ec2::254]/latest/meta-data/", blocked},
		{"30 GCP v6", "http://[fd20:ce::254]/", blocked},
		{"31 metadata", "http://169.254.169.254/", blocked},
		{"32 ECS credentials", "http://169.254.170.2/v2/credentials", blocked},
		{"33 metadata decimal", "http://2852039166/", text},
		{"34 metadata hexadecimal", "http://0xA9FEA9FE/", text},
		{"35 metadata three parts", "http://169.254.43518/", text},
		{"36 Alibaba", "http://100.100.100.200/", blocked},
		{"37 Oracle", "http://192.0.0.192/", blocked},
		{"38 Azure", "http://168.63.129.16/", blocked},
		{"39 metadata by name", "http://metadata.google.internal/", lookup},
		{"40 10/8", "http://10.0.0.1/", blocked},
		{"40 172.16/12", "http://172.16.0.1/", blocked},
		{"40 172.16/12, last", "http://172.31.255.255/", blocked},
		{"40 192.168/16", "http://192.168.0.1/", blocked},
		{"40 100.64/10", "http://100.64.0.1/", blocked},
		{"40 198.18/15", "http://198.18.0.1/", blocked},
		{"40 TEST-NET", "http://192.0.2.1/", blocked},
		{"40 multicast", "http://224.0.0.1/", blocked},
		{"40 reserved", "http://240.0.0.1/", blocked},
		{"40 broadcast", "http://255.255.255.255/", blocked},
		{"40 multicast v6", "http://[ff02::1]/", blocked},
		{"40 control below 100.64/10", "http://100.63.255.254/", lookup},
		{"40 control above 100.64/10", "http://100.128.0.1/", lookup},
		{"40 control above 172.16/12", "http://172.32.0.1/", lookup},
		{"41 circled digits", "http://①②⑦.⓪.⓪.①/", blocked},
		{"42 ideographic dots", "http://127。0。0。1/", blocked},
		{"43 circled letter", "http://ⓛocalhost/", lookup},
		{"44 NUL in the host", "http://127.0.0.1%00.example.com/", text},
		{"45 slash in the user", "http://127.0.0.1%2f@ok.test/", text},
		{"46 user", "http://ok.test@127.0.0.1/", text},
		{"47 user and password", "http://ok.test:80@127.0.0.1:80/", text},
		{"48 fragment", "http://127.0.0.1#@ok.test/", blocked},
		{"49 query", "http://127.0.0.1?@ok.test/", blocked},
		{"50 backslash and @", `http://ok.test\@127.0.0.1/`, text},
		{"51 backslashes", `http:\\127.0.0.1\`, text},
		{"52 one slash", "http:/127.0.0.1/", text},
		{"53 no slash", "http:127.0.0.1/", text},
		{"54 no scheme", "//127.0.0.1/", text},
		{"55 no host", "http:///etc/passwd", text},
		{"56 only a port", "http://:80/", text},
		{"57 port 22", "http://ok.test:22/", blocked},
		{"58 port 0", "http://ok.test:0/", text},
		{"59 port 65536", "http://ok.test:65536/", text},
		{"60 port 080", "http://127.0.0.1:080/", blocked},
		{"61 file", "file:///etc/passwd", text},
		{"62 gopher", "gopher://127.0.0.1:6379/_FLUSHALL", text},
		{"63 ftp", "ftp://127.0.0.1/", text},
		{"63 dict", "dict://127.0.0.1/", text},
		{"63 unix", "unix:///var/run/docker.sock", text},
		{"63 jar", "jar:http://127.0.0.1!/", text},
		{"63 data", "data:text/html,x", text},
		{"63 javascript", "javascript:alert(1)", text},
		{"64 upper case", "HTTP://127.0.0.1/", blocked},
		{"65 leading space", " http://127.0.0.1/", blocked},
		{"66 CR LF", "http://127.0.0.1/\r\nX: 1", text},
		{"67 CR LF encoded", "http://127.0.0.1/%0d%0aX:1", blocked},
		{"68 tab", "http://127.0.0.1\tx/", text},
		{"69 open bracket", "http://[::1/", text},
		{"69 IPvFuture", "http://[v1.x]/", text},
		{"70 rebinding", "http://rebind.test/", lookup},
		{"71 mixed addresses", "http://mixed.test/", lookup},
		{"72 redirect by name", "http://private.test/", lookup},
		{"74 redirect to mapped", "http://[::ffff:127.0.0.1]/", blocked},
		{"75 redirect to gopher", "gopher://x.test/", text},
		{"76 redirect with user", "http://u:p@ok.test/", text},
		{"78 CNAME to localhost", "http://cname.test/", lookup},
		{"82 64 KiB", "http://ok.test/" + strings.Repeat("a", 64<<10), text},
		{"83 host of 254", "http://" + strings.Repeat(strings.Repeat("a", 63)+".", 3) + strings.Repeat("a", 62) + "/", text},
		{"83 label of 64", "http://" + strings.Repeat("a", 64) + ".test/", text},
		{"84 bogus punycode", "http://xn--0.test/", text},
		{"five parts", "http://1.2.3.4.5/", text},
		{"number behind a name", "http://foo.0x1/", text},
		{"bare 0x", "http://0x/", text},
		{"root dot behind an address", "http://127.0.0.1./", text},
		{"ISATAP", "http://[2a00:1:2:3:0:5efe:7f00:1]/", blocked},
		{"public", "http://ok.test/", lookup},
		{"public v6", "http://[2606:4700::1111]/", lookup},
	}
}

// A Visit is of a URL that leads inwards, if at all, behind a look-up or a
// redirect of an [OpenCanary].
type Visit struct {
	Name, URL string
	Reasons   []string // of one check after the other; "" is a pass
}

// Visits go on where [URLs] end.
func Visits() []Visit {
	const text, blocked = "invalid_url", "blocked_address"
	return []Visit{
		{"70 a name that moves inside", "http://moves.test/", []string{"", blocked}},
		{"71 a name that is here and there", "http://here-and-there.test/", []string{""}},
		{"72 redirect to a private name", "http://ok.test/to?http://private.test/", []string{blocked}},
		{"73 redirect without a scheme", "http://ok.test/to?//127.0.0.1", []string{blocked}},
		{"74 redirect to a mapped address", "http://ok.test/to?http://[::ffff:127.0.0.1]/", []string{blocked}},
		{"75 redirect to gopher", "http://ok.test/to?gopher://127.0.0.1/", []string{text}},
		{"76 redirect with a user", "http://ok.test/to?http://u:p@ok.test", []string{text}},
		{"77 redirect for ever", "http://ok.test/loop", []string{"too_many_redirects"}},
		{"78 CNAME to localhost", "http://cname.test/", []string{blocked}},
		{"81 only a local IPv6 address", "http://ula.test/", []string{blocked}},
		{"redirect to a name that moves inside", "http://ok.test/to?http://moves-later.test/", []string{"", blocked}},
		{"redirect to another port", "http://ok.test/to?http://ok.test:22/", []string{blocked}},
		{"public", "http://ok.test/", []string{""}},
	}
}
