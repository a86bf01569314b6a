package cli

import (
	"slices"
	"strings"
)

// iniFile is a configuration file that can be changed without losing its comments.
type iniFile struct{ lines []string }

func parseINI(text string) *iniFile {
	if text == "" {
		return &iniFile{}
	}
	return &iniFile{lines: strings.Split(strings.TrimRight(text, "\n"), "\n")}
}

func (f *iniFile) text() string {
	if len(f.lines) == 0 {
		return ""
	}
	return strings.Join(f.lines, "\n") + "\n"
}

// get returns the value of key, "" when there is none. The last one wins.
func (f *iniFile) get(section, key string) string {
	value := ""
	f.each(section, func(_ int, k, v string) {
		if k == key {
			value = v
		}
	})
	return value
}

// set gives key a value; an empty value removes it.
func (f *iniFile) set(section, key, value string) {
	var old []int
	f.each(section, func(i int, k, _ string) {
		if k == key {
			old = append(old, i)
		}
	})
	for _, i := range slices.Backward(old) {
		f.lines = slices.Delete(f.lines, i, i+1)
	}
	if value == "" {
		return
	}
	line := key + " = " + value
	if start := f.section(section); start >= 0 {
		f.lines = slices.Insert(f.lines, start+1, line)
		return
	}
	if len(f.lines) > 0 {
		f.lines = append(f.lines, "")
	}
	f.lines = append(f.lines, "["+section+"]", line)
}

// section returns the line of a section's header, -1 when there is none.
func (f *iniFile) section(name string) int {
	return slices.IndexFunc(f.lines, func(line string) bool { return header(line) == name })
}

// each visits the pairs of a section.
func (f *iniFile) each(section string, visit func(line int, key, value string)) {
	inside := false
	for i, line := range f.lines {
		trimmed := strings.TrimSpace(line)
		if name := header(line); name != "" {
			inside = name == section
			continue
		}
		at := strings.IndexAny(trimmed, "=:")
		if !inside || at < 0 || strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";") {
			continue
		}
		visit(i, strings.ToLower(strings.TrimSpace(trimmed[:at])), strings.TrimSpace(trimmed[at+1:]))
	}
}

// header returns the section a line opens, "" when it opens none.
func header(line string) string {
	line = strings.TrimSpace(line)
	if len(line) < 2 || line[0] != '[' || line[len(line)-1] != ']' {
		return ""
	}
	return line[1 : len(line)-1]
}
