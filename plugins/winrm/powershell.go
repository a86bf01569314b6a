package winrm

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/petrelhq/petrel/core"
)

// maxCommandLine is the longest line that cmd.exe takes.
const maxCommandLine = 8191

// uploadChunk is how many bytes of a long script go in one command. st2: runners reference 10, PS.
const uploadChunk = 2048

// powerShell runs a script, by itself on the command line, or from a file where it is too
// long for that. id makes the file's name one nobody else uses.
func (s *shell) powerShell(ctx context.Context, script, id string, out output) (int, error) {
	var stderr bytes.Buffer // PowerShell writes a document there, of use only as a whole
	defer func() { io.WriteString(out.stderr, plainErrors(stderr.String())) }()
	if line := encodedCommand(script); len(line) <= maxCommandLine {
		return s.run(ctx, line, out.stdout, &stderr)
	}
	file := "petrel-" + id + ".ps1"
	defer func() { // also of a part of it: the script holds the action's parameters
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		s.run(ctx, `del /q "%TEMP%\`+file+`"`, io.Discard, io.Discard) // what stays is one file in TEMP
	}()
	if err := s.upload(ctx, script, file); err != nil {
		return 0, err
	}
	return s.run(ctx, `powershell -executionpolicy bypass -file "%TEMP%\`+file+`"`, out.stdout, &stderr)
}

// encodedCommand is the command line that runs a script.
func encodedCommand(script string) string {
	units := utf16.Encode([]rune(script))
	raw := make([]byte, 0, 2*len(units))
	for _, u := range units {
		raw = binary.LittleEndian.AppendUint16(raw, u)
	}
	return "powershell -encodedcommand " + base64.StdEncoding.EncodeToString(raw)
}

// upload writes a script to a file in the user's TEMP folder.
func (s *shell) upload(ctx context.Context, script, file string) error {
	const byteOrderMark = "\xef\xbb\xbf" // without it PowerShell 5 takes the file for the machine's code page
	content := []byte(byteOrderMark + script)
	for len(content) > 0 {
		chunk := content[:min(uploadChunk, len(content))]
		content = content[len(chunk):]
		var stderr bytes.Buffer
		code, err := s.run(ctx, encodedCommand(appendCommand(file, chunk)), io.Discard, &stderr)
		if err != nil {
			return err
		}
		if code != 0 {
			return core.Errorf(core.Unavailable, "the script is too long for a command line and cannot be written to the TEMP folder of %s: %s",
				s.line.target.host, strings.TrimSpace(plainErrors(stderr.String())))
		}
	}
	return nil
}

// appendCommand is the PowerShell that appends a chunk to a file.
func appendCommand(file string, chunk []byte) string {
	return fmt.Sprintf(`$b=[Convert]::FromBase64String('%s');$f=[IO.File]::Open("$env:TEMP\%s",'Append');$f.Write($b,0,$b.Length);$f.Close()`,
		base64.StdEncoding.EncodeToString(chunk), file)
}

// plainErrors is what PowerShell writes to its standard error as text: it wraps error
// messages, and its progress bars, in XML.
func plainErrors(stderr string) string {
	document, wrapped := strings.CutPrefix(stderr, "#< CLIXML")
	if !wrapped {
		return stderr
	}
	var messages struct {
		S []struct {
			Stream string `xml:"S,attr"`
			Text   string `xml:",chardata"`
		}
	}
	if xml.Unmarshal([]byte(document), &messages) != nil {
		return stderr
	}
	var b strings.Builder
	for _, m := range messages.S {
		if m.Stream == "Error" {
			b.WriteString(unescaped(m.Text))
		}
	}
	return b.String()
}

var characterCode = regexp.MustCompile(`_x([0-9A-Fa-f]{4})_`)

// unescaped undoes _x000A_ and its like, and ends lines with a newline alone.
func unescaped(text string) string {
	text = characterCode.ReplaceAllStringFunc(text, func(m string) string {
		code, _ := strconv.ParseUint(m[2:6], 16, 16) // four hex digits
		return string(rune(code))
	})
	return strings.ReplaceAll(text, "\r\n", "\n")
}
