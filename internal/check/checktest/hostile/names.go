// Package hostile has what tests stage against a checker: URLs that lead inwards,
// and name servers that say what no good one would. It imports nothing of this
// module, so that the tests of any room may use it.
package hostile

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// A Name is what a name server says of a name.
type Name struct {
	Turns  [][]string // its addresses, by turns; the last turn stays
	Alias  string     // another name, with its root dot, that it stands for
	Code   int        // of DNS: 2 is SERVFAIL, 3 NXDOMAIN
	Silent bool       // no answer at all
}

// Names are those that a server knows, with their root dots. All others are
// said to be this machine.
type Names map[string]Name

// Inwards are the names of [URLs], where ok is a public address: they are public
// at first, or in part, or by another name.
func Inwards(ok string) Names {
	return Names{
		"ok.test.":                  {Turns: [][]string{{ok}}},
		"moves.test.":               {Turns: [][]string{{ok}, {"127.0.0.1"}}},
		"moves-later.test.":         {Turns: [][]string{{ok}, {"169.254.169.254"}}},
		"rebind.test.":              {Turns: [][]string{{ok}, {"127.0.0.1"}}},
		"mixed.test.":               {Turns: [][]string{{"10.0.0.1", ok}}},
		"here-and-there.test.":      {Turns: [][]string{{"127.0.0.1", ok, "10.1.2.3"}}},
		"ula.test.":                 {Turns: [][]string{{"fd00::1"}}},
		"metadata.google.internal.": {Turns: [][]string{{"169.254.169.254"}}},
		"cname.test.":               {Alias: "localhost."},
	}
}

// maxDatagram is what resolvers take in one; longer answers go over TCP.
const maxDatagram = 1232

type nameServer struct {
	names Names

	mu    sync.Mutex
	asked map[string]int // questions for IPv4 addresses, which are what counts turns
}

// Serve answers at address, over UDP and TCP, until the test ends.
func (names Names) Serve(t testing.TB, address string) {
	t.Helper()
	s := &nameServer{names: names, asked: map[string]int{}}
	datagrams, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	streams, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { s.datagrams(datagrams) })
	serving.Go(func() { s.streams(streams) })
	t.Cleanup(func() {
		datagrams.Close()
		streams.Close()
		serving.Wait()
	})
}

func (s *nameServer) datagrams(conn net.PacketConn) {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := conn.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		if reply := s.reply(buf[:n], maxDatagram); reply != nil {
			conn.WriteTo(reply, from)
		}
	}
}

// streams answers one question on each connection.
func (s *nameServer) streams(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		conn.SetDeadline(time.Now().Add(time.Second))
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err == nil {
			query := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(conn, query); err == nil {
				reply := s.reply(query, 1<<16-1)
				conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
			}
		}
		conn.Close()
	}
}

// reply is nil for none. One longer than most says that it is cut off.
func (s *nameServer) reply(packed []byte, most int) []byte {
	var query dnsmessage.Message
	if query.Unpack(packed) != nil || len(query.Questions) != 1 {
		return nil
	}
	q := query.Questions[0]
	first := s.names[q.Name.String()]
	if first.Silent {
		return nil
	}
	reply := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: query.ID, Response: true, Authoritative: true, RecursionAvailable: true, RCode: dnsmessage.RCode(first.Code),
		},
		Questions: query.Questions,
	}
	if first.Code == 0 {
		reply.Answers = s.answers(q)
	}
	text, err := reply.Pack()
	if err != nil {
		return nil
	}
	if len(text) > most {
		reply.Truncated, reply.Answers = true, nil
		text, _ = reply.Pack()
	}
	return text
}

// answers follows aliases, in a circle too, but not for ever.
func (s *nameServer) answers(q dnsmessage.Question) (all []dnsmessage.Resource) {
	const mostAliases = 16
	name := q.Name
	add := func(kind dnsmessage.Type, body dnsmessage.ResourceBody) {
		all = append(all, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: name, Type: kind, Class: dnsmessage.ClassINET}, Body: body,
		})
	}
	for s.names[name.String()].Alias != "" && len(all) < mostAliases {
		other := dnsmessage.MustNewName(s.names[name.String()].Alias)
		add(dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: other})
		name = other
	}
	for _, text := range s.addresses(name.String(), q.Type) {
		switch addr := netip.MustParseAddr(text); {
		case addr.Is4() && q.Type == dnsmessage.TypeA:
			add(dnsmessage.TypeA, &dnsmessage.AResource{A: addr.As4()})
		case addr.Is6() && q.Type == dnsmessage.TypeAAAA:
			add(dnsmessage.TypeAAAA, &dnsmessage.AAAAResource{AAAA: addr.As16()})
		}
	}
	return all
}

func (s *nameServer) addresses(name string, kind dnsmessage.Type) []string {
	known, is := s.names[name]
	if !is {
		return []string{"127.0.0.1", "::1"}
	}
	if len(known.Turns) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	turn := min(s.asked[name], len(known.Turns)-1)
	if kind == dnsmessage.TypeA {
		s.asked[name]++
	}
	return known.Turns[turn]
}
