package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestAuthoringPage runs docs/authoring.md: the files it shows are written where they stand
// in it, the commands of its ```sh blocks are run, and what they print is held against what
// it shows. There "..." stands for any lines, and figures, ids and times for any others.
func TestAuthoringPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/authoring.md")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	s := &pageStory{offline: "export GOPROXY=off GOFLAGS= GOTOOLCHAIN=local GOMODCACHE=$WORK/modules GOCACHE=" + string(cache)}
	s.line("exec sh config.sh")
	s.file("config.sh", "echo \"registries: [$WORK/public/index.json]\" >petrel.yaml\n")
	s.line("server start --config petrel.yaml")
	s.line("login")
	blocks := strings.Split(string(page), "```")
	for i := 1; i < len(blocks); i += 2 {
		kind, text, _ := strings.Cut(blocks[i], "\n")
		name, _, _ := strings.Cut(text, "\n")
		switch {
		case kind == "sh":
			s.session(text)
		case strings.HasPrefix(name, "// "), strings.HasPrefix(name, "# "):
			s.shown(strings.TrimLeft(name, "/# "), text)
		}
	}
	if s.commands < 15 || s.files < 4 {
		t.Errorf("the page shows %d commands and %d files", s.commands, s.files)
	}
	file := filepath.Join(t.TempDir(), "authoring.txtar")
	if err := os.WriteFile(file, txtar.Format(&s.archive), 0o644); err != nil {
		t.Fatal(err)
	}
	runScripts(t, testscript.Params{Files: []string{file}}, func(string) string { return "" })
}

// pageStory is a page on its way to being a script.
type pageStory struct {
	archive         txtar.Archive
	offline         string // environment of Go: it fetches nothing and finds nothing fetched
	commands, files int
}

func (s *pageStory) line(text string) {
	s.archive.Comment = append(s.archive.Comment, text+"\n"...)
}

func (s *pageStory) file(name, text string) {
	s.archive.Files = append(s.archive.Files, txtar.File{Name: name, Data: []byte(text)})
}

// shown writes a file of the page, with the server's real address in it.
func (s *pageStory) shown(name, text string) {
	s.files++
	source := fmt.Sprintf("file%d", s.files)
	s.file(source, text)
	s.file(source+".sh", fmt.Sprintf("sed \"s|http://127.0.0.1:9101|$PETREL_URL|g\" <%s >%s\n", source, name))
	s.line("exec sh " + source + ".sh")
}

// session runs the commands of a block, each with what it prints below it.
func (s *pageStory) session(text string) {
	for _, part := range strings.Split("\n"+text, "\n$ ")[1:] {
		command, printed, _ := strings.Cut(part, "\n")
		s.command(command, strings.TrimRight(printed, "\n"))
	}
}

// command runs one: a first time, and again for a while when it only looks at what others
// do meanwhile; one that goes on until it is ended is ended when it has printed enough.
func (s *pageStory) command(command, printed string) {
	s.commands++
	name := fmt.Sprintf("command%d", s.commands)
	pattern := `^` + printedPattern(printed) + `\n*$`
	s.file(name+".pattern", strings.Join(linePatterns(printed), "\n")+"\n")
	run := s.offline + "exec 2>&1\n" + command + "\n"
	switch {
	case strings.HasPrefix(command, "petrel pack dev "):
		run = s.offline + command + " >" + name + ".out 2>&1 &\npid=$!\n" + untilPrinted(name, "true") + "kill -INT $pid\nwait $pid\ncat " + name + ".out\n"
	case looks.MatchString(command):
		run = untilPrinted(name, command+" >"+name+".out 2>&1") + "cat " + name + ".out\n"
	}
	s.file(name+".sh", run)
	verb := "exec"
	if failing.MatchString(printed) {
		verb = "! exec"
	}
	s.line("# " + command)
	s.line(verb + " sh " + name + ".sh")
	s.line("stdout '(?s)" + strings.ReplaceAll(pattern, "'", "''") + "'")
}

var (
	looks   = regexp.MustCompile(`^petrel \S+ (list|get|permissions|search) `)
	failing = regexp.MustCompile(`(?m)^(ERROR: |petrel .*: error: )`)
)

// untilPrinted repeats a command until the file NAME.out has every line that is waited for,
// at most for a minute.
func untilPrinted(name, command string) string {
	return fmt.Sprintf(`for try in $(seq 300); do
  %s
  missing=$(while IFS= read -r line; do grep -Eq -e "$line" %s.out || echo "$line"; done <%s.pattern)
  test -z "$missing" && break
  sleep 0.2
done
`, command, name, name)
}

// printedPattern is a regular expression for what is printed.
func printedPattern(printed string) string {
	var pattern strings.Builder
	for line := range strings.Lines(printed + "\n") {
		if line == "...\n" {
			pattern.WriteString("(?:[^\n]*\n)*?")
			continue
		}
		pattern.WriteString(linePattern(strings.TrimSuffix(line, "\n")) + "\n")
	}
	return strings.TrimSuffix(strings.ReplaceAll(pattern.String(), "\n", `\n`), `\n`)
}

// linePatterns are regular expressions, of grep's, for the lines that are shown.
func linePatterns(printed string) []string {
	var all []string
	for line := range strings.Lines(printed) {
		if line = strings.TrimSuffix(line, "\n"); line != "..." && line != "" {
			all = append(all, "^"+linePattern(line)+"$")
		}
	}
	return all
}

// loose are the parts of lines that differ from run to run, and what they look like.
var loose = []struct{ part, like *regexp.Regexp }{
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), regexp.MustCompile(`[0-9a-f]{64}`)},
	{regexp.MustCompile(`\b[0-9a-f]{24}\b`), regexp.MustCompile(`[0-9a-f]{24}`)},
	{regexp.MustCompile(`\b20\d\d-\d\d-\d\dT[0-9:.]+Z`), regexp.MustCompile(`[0-9TZ:.-]+`)},
	{regexp.MustCompile(`\(cached\)|\b\d+\.\d+s\b`), regexp.MustCompile(`(\(cached\)|[0-9.]+s)`)},
	{regexp.MustCompile(`\b\d+(\.\d+)? (s|ms|MiB|KiB)\b`), regexp.MustCompile(`[0-9.]+ (s|ms|MiB|KiB)`)},
	{regexp.MustCompile(`\b\d{6,}$`), regexp.MustCompile(`[0-9]+`)},
	{regexp.MustCompile(`\d+s elapsed`), regexp.MustCompile(`[0-9]+s elapsed`)},
	{regexp.MustCompile(`127\.0\.0\.1:9101`), regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)},
}

// linePattern is a regular expression for one line.
func linePattern(line string) string {
	at, end, like := len(line), len(line), ""
	for _, l := range loose {
		if found := l.part.FindStringIndex(line); found != nil && found[0] < at {
			at, end, like = found[0], found[1], l.like.String()
		}
	}
	if like == "" {
		return regexp.QuoteMeta(line)
	}
	return regexp.QuoteMeta(line[:at]) + like + linePattern(line[end:])
}
