package main

import (
	"strings"

	"github.com/spf13/pflag"
)

// inGroup annotates a flag with the heading it has in help.
const inGroup = "hc-group"

// group declares flags of fs under one heading of the help text.
type group struct {
	fs    *pflag.FlagSet
	title string
}

func (g group) declare(v pflag.Value, name, short, usage string) *pflag.Flag {
	f := g.fs.VarPF(v, name, short, usage)
	f.Annotations = map[string][]string{inGroup: {g.title}}
	return f
}

// A setting is the pflag.Value of every flag here. All sources of a setting,
// command line, environment and file, go through its parse function, so that a
// word means the same in each and is refused with the same sentence.
type setting interface {
	pflag.Value
	// replace sets the value to what one weaker source says.
	replace(texts []string) error
	// texts is the value as it would be written, secrets masked.
	texts() []string
	// about says what values look like.
	about() traits
}

type traits struct {
	words  []string // closed list of words, alone or in commas
	secret bool     // not to be repeated in errors
	many   bool     // a list
	commas bool     // commas part the items
}

// A value holds one T.
type value[T any] struct {
	to    *T
	text  string // as last set
	kind  string // the placeholder in help
	words []string
	mask  func(string) string
	parse func(string) (T, error)

	commas bool // several words in one text
}

// add declares a flag with one value. def is its default, written as a user
// would write it; "" leaves the zero value.
func add[T any](g group, to *T, name, short, def, kind string, parse func(string) (T, error), usage string) *value[T] {
	v := &value[T]{to: to, kind: kind, text: def, parse: parse}
	if def != "" {
		_ = v.Set(def) // TestDefaultsAreWordsOfTheirOwnFlags
	}
	g.declare(v, name, short, usage)
	return v
}

// toggle declares a flag that is on where it stands.
func toggle(g group, to *bool, name, short, usage string) {
	v := &value[bool]{to: to, kind: "bool", text: "false", parse: boolean}
	g.declare(v, name, short, usage).NoOptDefVal = "true"
}

// among names the words completion and the schema offer.
func (v *value[T]) among(words []string) { v.words = words }

// amongMany is among where several words are parted by commas.
func (v *value[T]) amongMany(words []string) { v.words, v.commas = words, true }

// masked says that the value is shown through mask only.
func (v *value[T]) masked(mask func(string) string) { v.mask = mask }

// Set implements pflag.Value.
func (v *value[T]) Set(s string) error {
	parsed, err := v.parse(s)
	if err != nil {
		return err
	}
	*v.to, v.text = parsed, s
	return nil
}

func (v *value[T]) String() string {
	if v.mask != nil {
		return v.mask(v.text)
	}
	return v.text
}

// Type implements pflag.Value.
func (v *value[T]) Type() string { return v.kind }

func (v *value[T]) replace(texts []string) error { return v.Set(strings.Join(texts, ",")) }
func (v *value[T]) texts() []string              { return []string{v.String()} }
func (v *value[T]) about() traits {
	return traits{words: v.words, secret: v.mask != nil, commas: v.commas}
}

// A list holds the items of a flag that may repeat. Where sep is set, one text
// may hold several.
type list[T any] struct {
	to    *[]T
	items []string // as set
	kind  string
	sep   string
	mask  func(string) string
	parse func(string) (T, error)
}

// repeat declares a flag that may stand several times.
func repeat[T any](g group, to *[]T, name, short, kind, sep string, parse func(string) (T, error), usage string) *list[T] {
	l := &list[T]{to: to, kind: kind, sep: sep, parse: parse}
	g.declare(l, name, short, usage)
	return l
}

// masked says that items are shown through mask only.
func (l *list[T]) masked(mask func(string) string) { l.mask = mask }

// Set appends. It is called for each time the flag stands on the command line.
func (l *list[T]) Set(s string) error {
	items := []string{s}
	if l.sep != "" {
		items = strings.Split(s, l.sep)
	}
	for _, item := range items {
		item = strings.TrimSpace(item)
		parsed, err := l.parse(item)
		if err != nil {
			return err
		}
		*l.to, l.items = append(*l.to, parsed), append(l.items, item)
	}
	return nil
}

func (l *list[T]) String() string { return strings.Join(l.texts(), ",") }

// Type implements pflag.Value.
func (l *list[T]) Type() string { return l.kind }

func (l *list[T]) replace(texts []string) error {
	*l.to, l.items = nil, nil
	for _, text := range texts {
		if err := l.Set(text); err != nil {
			return err
		}
	}
	return nil
}

func (l *list[T]) texts() []string {
	out := make([]string, len(l.items))
	for i, item := range l.items {
		out[i] = item
		if l.mask != nil {
			out[i] = l.mask(item)
		}
	}
	return out
}

func (l *list[T]) about() traits {
	return traits{secret: l.mask != nil, many: true, commas: l.sep != ""}
}

// maskHeader keeps a header's name.
func maskHeader(line string) string {
	name, _, ok := strings.Cut(line, ":")
	if !ok {
		return "***"
	}
	return name + ": ***"
}
