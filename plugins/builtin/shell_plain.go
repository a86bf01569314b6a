package builtin

import (
	"os"
	"path/filepath"
	"strings"
)

// direct returns the program and arguments of a line in which a shell would find
// nothing to do but run it: plain words, the first a program in PATH. Starting it
// without the shell halves what it costs to run a small command; make does the same.
// Whatever a shell might see differently goes to the shell.
func direct(line, path string) ([]string, bool) {
	for i := range len(line) {
		if !plainByte(line[i]) {
			return nil, false
		}
	}
	words := strings.Fields(line)
	if len(words) == 0 || strings.Contains(words[0], "=") || shellWords[words[0]] {
		return nil, false
	}
	program, ok := lookUp(words[0], path)
	if !ok {
		return nil, false
	}
	return append([]string{program}, words[1:]...), true
}

func plainByte(b byte) bool {
	switch {
	case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9':
		return true
	}
	return strings.IndexByte(" _@%+=:,./-", b) >= 0
}

// shellWords are the builtins and reserved words of a POSIX shell, and of dash and bash.
// true and false are not among them: the programs of these names do just that.
var shellWords = wordSet(`. : [ alias bg bind break builtin caller case cd command compgen complete continue
	coproc declare dirs disown do done echo elif else enable esac eval exec exit export fc fg fi for
	function getopts hash help history if in jobs kill let local logout mapfile popd printf pushd pwd
	read readarray readonly return select set shift shopt source suspend test then time times trap
	type typeset ulimit umask unalias unset until wait while`)

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// lookUp finds a program as a shell does: by its path if it has a slash, else in PATH.
func lookUp(name, path string) (string, bool) {
	if strings.Contains(name, "/") {
		return name, filepath.IsAbs(name) && runnable(name)
	}
	for _, dir := range filepath.SplitList(path) {
		if file := filepath.Join(dir, name); filepath.IsAbs(dir) && runnable(file) {
			return file, true
		}
	}
	return "", false
}

func runnable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// pathOf returns the last PATH of an environment, which is the one that counts.
func pathOf(env []string) string {
	path := ""
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, "PATH="); ok {
			path = v
		}
	}
	return path
}
