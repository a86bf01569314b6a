package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers says which of our own packages each package may import: arrows only ever point
// down. Siblings in the middle never meet; cmd/petrel joins them. A package without a
// line here fails, and so does an import that its line does not name. "…" after a name
// allows the packages below it.
var layers = map[string]string{
	"core":                         "",
	"core/supervise":               "",
	"core/proc":                    "",
	"core/schema":                  "core",
	"core/expr":                    "",
	"core/expr/regex":              "core/expr",
	"core/expr/jsonpath":           "core/expr",
	"core/expr/functions":          "core/expr core/expr/regex core/expr/jsonpath",
	"core/expr/jinja":              "core/expr core/expr/functions core/expr/regex core/expr/jsonpath",
	"core/expr/yaql":               "core/expr core/expr/functions core/expr/regex core/expr/jsonpath",
	"core/expr/orquesta":           "core/expr core/expr/functions core/expr/jinja core/expr/yaql", // which language a text is in
	"core/backend":                 "core",
	"core/backend/local":           "core core/backend",
	"core/backend/backendtest":     "core core/backend",
	"core/backend/redis":           "core core/backend",
	"core/backend/redis/redistest": "",
	"core/store":                   "core core/backend",
	"core/newfile":                 "",
	"core/seal":                    "core core/newfile",
	"core/datastore":               "core core/seal core/store",
	"core/timer":                   "core",
	"core/registry":                "core",
	"core/workflow":                "core core/expr… core/pack/document", // how YAML is read
	"core/orchestrator":            "core core/expr… core/store core/workflow",
	"core/pack":                    "core core/schema core/store core/pack/document",
	"core/pack/document":           "",
	"core/router":                  "core core/schema core/store core/supervise core/timer",
	"core/rules":                   "core core/expr… core/store",
	"core/execution":               "core core/expr… core/proc core/schema core/store",
	"core/auth":                    "core core/newfile core/store",
	"plugins":                      "core core/schema plugins/egress plugins/printed sdk/wire",
	"plugins/egress":               "core sdk/wire",
	"plugins/plugintest":           "plugins plugins/plugintest/specimen sdk sdk/sdktest sdk/wire",
	"plugins/plugintest/specimen":  "sdk sdk/wire",
	"plugins/plugintest/testpack":  "sdk plugins/plugintest/specimen",
	"plugins/process":              "core core/proc plugins sdk/wire sdk/wire/process",
	"plugins/wasm":                 "core plugins plugins/wasm/meter sdk/wire",
	"plugins/wasm/meter":           "",
	"plugins/builtin":              "core core/expr core/proc plugins/bzip2 plugins/printed plugins/regular plugins/shellarg plugins/sshauth",
	"plugins/bzip2":                "",
	"plugins/printed":              "",
	"plugins/regular":              "",
	"plugins/sshauth":              "",
	"plugins/shellarg":             "core core/expr", // expr: Python's text form of script arguments
	"plugins/filewatch":            "core",
	"plugins/ssh":                  "core plugins/printed plugins/regular plugins/shellarg plugins/sshauth",
	"plugins/ssh/sshdtest":         "",
	"plugins/winrm":                "core plugins/printed plugins/shellarg",
	"packs":                        "",
	"packs/hostfacts":              "sdk…", // ordinary packs, modules of their own
	"packs/watch":                  "sdk…",
	"sdk":                          "sdk/wire sdk/internal/schema sdk/wire/process sdk/wire/reactor",
	"sdk/client":                   "",
	"sdk/internal/frame":           "sdk/wire",
	"sdk/internal/schema":          "",
	"sdk/sdktest":                  "sdk sdk/wire",
	"sdk/web":                      "sdk sdk/wire",
	"sdk/wire":                     "",
	"sdk/wire/process":             "sdk/wire",
	"sdk/wire/reactor":             "sdk/wire sdk/internal/frame",
	"api":                          "core core/store core/schema core/pack core/registry core/router core/rules core/execution core/auth core/datastore core/timer core/registry",
	"cmd/internal/cli":             "core sdk/client cmd/internal/cli…",
	"cmd/internal/demo":            "sdk/client",
	"cmd/internal/author":          "core core/expr… core/workflow core/pack core/pack/document core/registry packs plugins… sdk…", // packs: which actions there are
	"cmd/internal/breakages":       "",
	"cmd/internal/bench":           "…", // a module of its own, so that what it measures against stays out of the product
	"cmd/petrel":                   "…",
}

const module = "github.com/petrelhq/petrel/"

func TestLayers(t *testing.T) {
	seen := map[string]bool{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "testdata" || d.Name() == "bin"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		dir, _ := filepath.Rel(root, filepath.Dir(path))
		pkg := filepath.ToSlash(dir)
		seen[pkg] = true
		checkFile(t, pkg, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range layers {
		if !seen[pkg] {
			t.Errorf("layers names %s, which does not exist", pkg)
		}
	}
}

func checkFile(t *testing.T, pkg, path string) {
	allowed, ok := allowedFor(pkg)
	if !ok {
		t.Errorf("%s has no line in layers: say what it may import", pkg)
		return
	}
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, spec := range f.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		own, ok := strings.CutPrefix(imported, module)
		if ok && !mayImport(allowed, own) {
			t.Errorf("%s imports %s, which its line in layers does not allow", path, own)
		}
	}
}

// allowedFor finds a package's line, or that of a parent which covers its children.
func allowedFor(pkg string) ([]string, bool) {
	line, ok := layers[pkg]
	for parent := pkg; !ok && strings.Contains(parent, "/"); {
		parent = parent[:strings.LastIndex(parent, "/")]
		if line, ok = layers[parent]; ok {
			ok = slices.Contains(strings.Fields(line), parent+"…")
		}
	}
	return strings.Fields(line), ok
}

func mayImport(allowed []string, pkg string) bool {
	for _, a := range allowed {
		tree, isTree := strings.CutSuffix(a, "…")
		if a == pkg || isTree && (tree == "" || pkg == tree || strings.HasPrefix(pkg, tree+"/")) {
			return true
		}
	}
	return false
}
