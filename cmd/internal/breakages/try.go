package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// runner tries patches on one copy of the tree. The copy stays where it is, so that Go
// compiles only what a patch changes.
type runner struct {
	tree    string
	verbose bool
	sound   map[string]error // by command: whether it succeeds without any patch
}

// finding is what became of a mistake.
type finding struct {
	caught bool
	text   string
}

// try applies a patch, runs its test and takes the patch back. An error says that the
// copy cannot be used any more.
func (r *runner) try(p patch) (finding, error) {
	if err := r.checkSound(p.test); err != nil {
		return finding{text: fmt.Sprintf("THE TEST FAILS WITHOUT IT: %v", err)}, nil
	}
	if out, err := r.apply(p, false); err != nil {
		return finding{text: "NO LONGER APPLIES: " + out}, nil
	}
	began := time.Now()
	out, err := r.run(p.test)
	f := judge(p, out, err, time.Since(began))
	if out, err := r.apply(p, true); err != nil {
		return f, fmt.Errorf("cannot be taken back: %s", out)
	}
	return f, nil
}

// checkSound runs a test on the sound source, once.
func (r *runner) checkSound(test []string) error {
	key := strings.Join(test, " ")
	err, known := r.sound[key]
	if !known {
		var out string
		if out, err = r.run(test); err != nil {
			err = fmt.Errorf("%s: %w\n%s", key, err, out)
		}
		r.sound[key] = err
	}
	return err
}

func (r *runner) apply(p patch, back bool) (string, error) {
	args := []string{"apply", p.path}
	if back {
		args = []string{"apply", "--reverse", p.path}
	}
	cmd := exec.Command("git", args...)
	cmd.Dir = r.tree
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(r.tree)) // the copy is no repository
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (r *runner) run(test []string) (string, error) {
	cmd := exec.Command(test[0], test[1:]...)
	cmd.Dir = r.tree
	out, err := cmd.CombinedOutput()
	if r.verbose {
		os.Stdout.Write(out)
	}
	return string(out), err
}

var (
	failedTest    = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)
	runningTest   = regexp.MustCompile(`(?m)^\s*running tests:\n\s*(\S+)`) // when it took too long
	failedPackage = regexp.MustCompile(`(?m)^FAIL\t(\S+)`)
)

// judge reads from a test's output what caught the mistake.
func judge(p patch, out string, err error, took time.Duration) finding {
	switch {
	case err == nil:
		return finding{text: "PASSED UNNOTICED by " + strings.Join(p.test, " ")}
	case strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]"):
		return finding{text: "DOES NOT COMPILE\n" + out}
	}
	test, pkg := first(failedTest, out), first(failedPackage, out)
	if test == "" {
		test = first(runningTest, out)
	}
	if test == "" {
		return finding{text: fmt.Sprintf("NO TEST NAMED ITSELF: %v\n%s", err, out)}
	}
	pkg = strings.TrimPrefix(pkg, "github.com/petrelhq/petrel/")
	return finding{true, fmt.Sprintf("caught by %s (%s, %.1fs)", test, pkg, took.Seconds())}
}

func first(re *regexp.Regexp, text string) string {
	if m := re.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}
