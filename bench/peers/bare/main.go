// Command bare is the floor under a gateway: a net/http handler that reads the
// body and writes an answer it was given, with the headers it was given. With
// -encode it does what a handler has to at the least, decode the request and
// encode that answer, with encoding/json.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"strconv"
	"strings"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "`address` of the server")
	file := flag.String("answer", "", "`file` with the answer, as JSON")
	encode := flag.Bool("encode", false, "decode each request and encode the answer anew")
	header := http.Header{}
	flag.Func("header", "`NAME: VALUE` of the answer; may repeat", func(line string) error {
		name, value, _ := strings.Cut(line, ": ")
		header.Set(name, value)
		return nil
	})
	flag.Parse()
	if err := serve(*listen, *file, *encode, header); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func serve(listen, file string, encode bool, header http.Header) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	handler := constant(header, text)
	if encode {
		if handler, err = encoded(header, text); err != nil {
			return err
		}
	}
	return http.ListenAndServe(listen, handler)
}

// constant reads the body and writes text.
func constant(header http.Header, text []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		write(w, header, text)
	}
}

// encoded decodes the body, and encodes what text says. It fails where that would
// not be text again.
func encoded(header http.Header, text []byte) (http.HandlerFunc, error) {
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, err
	}
	if again, err := json.Marshal(a); err != nil || !bytes.Equal(again, bytes.TrimSpace(text)) {
		return nil, fmt.Errorf("the answer is not what encoding/json makes of it: %w\n%s\n%s", err, text, again)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		var req request
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil || len(req.URLs) != len(a.Results) {
			http.Error(w, "another request was expected", http.StatusBadRequest)
			return
		}
		text, err := json.Marshal(a)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		write(w, header, text)
	}, nil
}

func write(w http.ResponseWriter, header http.Header, text []byte) {
	maps.Copy(w.Header(), header)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text) // a caller that is gone is told nothing
}
