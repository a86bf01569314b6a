package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Python's argparse, which StackStorm's users have in their fingers and scripts, knows two
// spellings that pflag does not: options that take several words (-a id status), and long
// names behind one dash (-tg). Flags that have them are marked, and spelled rewrites the
// command line to what pflag reads.
const (
	manyWords = "petrel_many_words"
	oneDash   = "petrel_one_dash"
)

// takesWords marks a flag as one that takes all words up to the next option.
func takesWords(f *pflag.FlagSet, names ...string) {
	for _, name := range names {
		f.Lookup(name).Annotations = map[string][]string{manyWords: {"true"}}
	}
}

// alsoSpelled gives a flag a name behind one dash.
func alsoSpelled(f *pflag.FlagSet, name, spelling string) {
	f.Lookup(name).Annotations = map[string][]string{oneDash: {spelling}}
}

// spelled rewrites args for the command they name.
func spelled(root *cobra.Command, args []string) []string {
	cmd, _, err := root.Find(args)
	if err != nil {
		return args
	}
	args = describing(cmd, args)
	flags := cmd.Flags()
	var out []string
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			return append(out, args[i:]...)
		}
		flag := flagFor(flags, args[i])
		switch {
		case flag == nil:
			out = append(out, args[i])
		case flag.Annotations[manyWords] != nil:
			words := wordsAfter(args[i+1:])
			for _, word := range words {
				out = append(out, "--"+flag.Name+"="+word)
			}
			if len(words) == 0 {
				out = append(out, args[i])
			}
			i += len(words)
		default:
			out = append(out, "--"+flag.Name)
		}
	}
	return out
}

// flagFor returns the marked flag that arg spells, else nil.
func flagFor(flags *pflag.FlagSet, arg string) *pflag.Flag {
	var found *pflag.Flag
	flags.VisitAll(func(f *pflag.Flag) {
		many := f.Annotations[manyWords] != nil && (arg == "--"+f.Name || f.Shorthand != "" && arg == "-"+f.Shorthand)
		if many || slices.Contains(f.Annotations[oneDash], arg) {
			found = f
		}
	})
	return found
}

func wordsAfter(args []string) []string {
	for i, arg := range args {
		if strings.HasPrefix(arg, "-") {
			return args[:i]
		}
	}
	return args
}

// arity is what positional arguments a verb takes.
type arity struct {
	names []string // without marks
	marks []byte   // 0 for exactly one, else '+', '?' or '*'
}

func parseArity(spec string) arity {
	var a arity
	for _, name := range strings.Fields(spec) {
		mark := byte(0)
		if last := name[len(name)-1]; strings.IndexByte("+?*", last) >= 0 {
			mark, name = last, name[:len(name)-1]
		}
		a.names = append(a.names, name)
		a.marks = append(a.marks, mark)
	}
	return a
}

func (a arity) usage() string {
	words := make([]string, len(a.names))
	for i, name := range a.names {
		switch a.marks[i] {
		case '+':
			words[i] = name + "..."
		case '?':
			words[i] = "[" + name + "]"
		case '*':
			words[i] = "[" + name + "...]"
		default:
			words[i] = name
		}
	}
	return strings.Join(words, " ")
}

// check is a cobra.PositionalArgs.
func (a arity) check(_ *cobra.Command, args []string) error {
	most := 0
	for i, name := range a.names {
		required := a.marks[i] == 0 || a.marks[i] == '+'
		if required && len(args) <= i {
			return misuse("the following arguments are required: %s", name)
		}
		if a.marks[i] == '+' || a.marks[i] == '*' {
			return nil
		}
		most++
	}
	if len(args) > most {
		return misuse("unrecognized arguments: %s", strings.Join(args[most:], " "))
	}
	return nil
}
