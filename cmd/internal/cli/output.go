package cli

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/petrelhq/petrel/cmd/internal/cli/render"
	"github.com/petrelhq/petrel/sdk/client"
)

// output is how a verb shows what it got: the options -j, -y, -a and -w.
type output struct {
	json, yaml bool
	attributes []string
	widths     []int
	screen     int // columns
}

func (o *output) register(f *pflag.FlagSet, v verb) {
	f.BoolVarP(&o.json, "json", "j", false, "print JSON")
	f.BoolVarP(&o.yaml, "yaml", "y", false, "print YAML")
	if v.attributes != nil {
		short := "a"
		if v.attrLong {
			short = ""
		}
		f.StringSliceVarP(&o.attributes, "attr", short, v.attributes, `attributes to show, "all" for all of them`)
		takesWords(f, "attr")
	}
	if v.widths {
		f.IntSliceVarP(&o.widths, "width", "w", nil, "width of all columns, or of each")
		takesWords(f, "width")
	}
}

func (o *output) document() bool { return o.json || o.yaml }

func (o *output) all() bool { return slices.Contains(o.attributes, "all") }

// columns is the width of the screen. st2: cli.md, column width.
func (a *app) columns() int {
	if n, err := strconv.Atoi(a.env("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if f, ok := terminal(a.stdout); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 150
}

// writeDocument prints v as -j or -y ask.
func (s *session) writeDocument(v any) error {
	if s.yaml {
		return render.YAML(s.stdout, v)
	}
	return render.JSON(s.stdout, v)
}

// selected is the part of o that attributes name, nested again, without nulls. nil names all.
func selected(o client.Object, attributes []string) map[string]any {
	if attributes == nil {
		attributes = slices.Collect(maps.Keys(o))
	}
	part := map[string]any{}
	for _, name := range attributes {
		v, ok := o.Lookup(name)
		if !ok || v == nil {
			continue
		}
		if _, whole := o[name]; whole {
			part[name] = v
			continue
		}
		plant(part, strings.Split(name, "."), v)
	}
	return part
}

func plant(into map[string]any, path []string, v any) {
	for _, name := range path[:len(path)-1] {
		inner, ok := into[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
		} else {
			inner = maps.Clone(inner)
		}
		into[name] = inner
		into = inner
	}
	into[path[len(path)-1]] = v
}

// ordered are the names of all attributes of the objects: those in front first, the others sorted.
func ordered(front []string, objects ...client.Object) []string {
	seen := map[string]bool{}
	for _, o := range objects {
		for name := range o {
			seen[name] = true
		}
	}
	var all []string
	for _, name := range front {
		if seen[name] {
			all = append(all, name)
			delete(seen, name)
		}
	}
	return append(all, slices.Sorted(maps.Keys(seen))...)
}

// colour paints statuses on terminals that can. st2: cli.md, colours.
//
// st2 differs: never into a pipe or a file, and NO_COLOR is honoured.
func (a *app) colour() func(string) string {
	name := a.env("TERM")
	capable := strings.HasPrefix(name, "xterm") || name == "screen" || strings.HasPrefix(name, "vt100")
	_, tty := terminal(a.stdout)
	if !capable || !tty || a.env("ST2_COLORIZE") != "" || a.env("NO_COLOR") != "" {
		return nil
	}
	return statusColour
}

func statusColour(text string) string {
	word, _, _ := strings.Cut(text, " ")
	code := "\x1b[33m"
	switch word {
	case "succeeded", "processed":
		code = "\x1b[32m"
	case "failed", "timeout", "abandoned", "processing_failed":
		code = "\x1b[31m"
	}
	return code + text + "\x1b[0m"
}

// paint is colour for one text; text stays as it is where there are no colours.
func (a *app) paint(text string) string {
	if colour := a.colour(); colour != nil {
		return colour(text)
	}
	return text
}
