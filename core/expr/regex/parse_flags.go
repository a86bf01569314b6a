package regex

import "unicode"

const flagLetters = "iLmsxau"

// inlineFlags reads (?i), (?i-s:…) and the like, from its first letter.
func (p *parser) inlineFlags(start int) *node {
	p.pos--
	on, asUnicode := p.flagSet()
	flags := p.flags
	if asUnicode {
		flags &^= ASCII
	}
	switch r := p.next(); r {
	case ')':
		p.whole |= on
		p.flags |= on
		return nil
	case ':':
		return p.body(start, flags|on)
	case '-':
		off, _ := p.flagSet()
		p.checkOff(on, off)
		if !p.accept(':') || off == 0 {
			p.flagFault(choose(off == 0, "missing flag", "missing :"))
		}
		return p.body(start, (flags|on)&^off)
	default:
		p.pos--
		p.flagFault("missing -, : or )")
	}
	return nil
}

func (p *parser) checkOff(on, off Flags) {
	switch {
	case off&ASCII != 0:
		p.fail(p.pos, "bad inline flags: cannot turn off flags 'a', 'u' and 'L'")
	case on&off != 0:
		p.fail(p.pos, "bad inline flags: flag turned on and off")
	}
}

// flagFault says what is wrong where a flag letter or the end of flags should be.
func (p *parser) flagFault(missing string) {
	if unicode.IsLetter(p.peek()) {
		p.fail(p.pos, "unknown flag")
	}
	p.fail(p.pos, "%s", missing)
}

func (p *parser) flagSet() (f Flags, asUnicode bool) {
	for p.more() {
		switch r := p.peek(); r {
		case 'i':
			f |= IgnoreCase
		case 'm':
			f |= Multiline
		case 's':
			f |= DotAll
		case 'x':
			f |= Verbose
		case 'a':
			f |= ASCII
		case 'u':
			asUnicode = true
		case 'L':
			p.fail(p.pos+1, "bad inline flags: cannot use 'L' flag with a str pattern")
		default:
			return f, asUnicode
		}
		p.pos++
		if asUnicode && f&ASCII != 0 {
			p.fail(p.pos, "bad inline flags: flags 'a', 'u' and 'L' are incompatible")
		}
	}
	return f, asUnicode
}
