package dialect

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string.
func (r *reader) text() (string, error) {
	raw, escaped, err := r.scanText()
	if err != nil {
		return "", err
	}
	return r.decode(raw, escaped)
}

// key reads the key of an object. The keys that a large body repeats for every element cost no memory.
func (r *reader) key() (string, error) {
	raw, escaped, err := r.scanText()
	if err != nil {
		return "", err
	}
	switch string(raw) {
	case "value":
		return "value", nil
	case "display":
		return "display", nil
	case "$ref":
		return "$ref", nil
	case "type":
		return "type", nil
	case "op":
		return "op", nil
	case "path":
		return "path", nil
	}
	return r.decode(raw, escaped)
}

// decode turns what stands between quotes into a string.
func (r *reader) decode(raw []byte, escaped bool) (string, error) {
	if !utf8.Valid(raw) {
		return "", syntaxError("The body has a text that is not valid UTF-8, before byte %d.", r.base+r.pos)
	}
	if !escaped {
		return string(raw), nil
	}
	text, ok := unescape(string(raw))
	if !ok {
		return "", syntaxError("The body has a text with an invalid escape, or with a null character, before byte %d.", r.base+r.pos)
	}
	return text, nil
}

// scanText takes a string and returns what stands between its quotes, valid until the next read.
func (r *reader) scanText() (raw []byte, escaped bool, err error) {
	n := 1
	for {
		for i := r.pos + n; i < len(r.buf); i++ {
			switch c := r.buf[i]; {
			case c == '"':
				raw = r.buf[r.pos+1 : i]
				r.pos = i + 1
				return raw, escaped, nil
			case c == '\\':
				escaped = true
				i++
			case c < ' ':
				r.pos = i
				return nil, false, r.syntax("a text without control characters")
			}
			n = i + 1 - r.pos
		}
		ok, err := r.fill()
		if err != nil {
			return nil, false, err
		}
		if !ok {
			r.pos = len(r.buf)
			return nil, false, r.syntax("a closing quote")
		}
	}
}

// unescape decodes the escapes of a string (RFC 8259, section 7). Half of a surrogate pair, as a client leaves behind
// when it cuts an emoji in two, becomes U+FFFD. It reports false for an escape that does not exist, and for a null
// character, which no store or page would keep apart from the end of the text.
func unescape(s string) (string, bool) {
	var b strings.Builder
	b.Grow(len(s))
	for {
		before, rest, found := strings.Cut(s, `\`)
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		if rest == "" {
			return "", false
		}
		const plain, meant = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
		if i := strings.IndexByte(plain, rest[0]); i >= 0 {
			b.WriteByte(meant[i])
			s = rest[1:]
			continue
		}
		c, n := unicodeEscape(rest)
		if c == 0 {
			return "", false
		}
		b.WriteRune(c)
		s = rest[n:]
	}
}

// unicodeEscape decodes the text behind a backslash that starts with u, and says how long it is. It returns 0 when there
// is no such escape.
func unicodeEscape(s string) (rune, int) {
	c, ok := hex4(s)
	switch {
	case !ok:
		return 0, 0
	case !utf16.IsSurrogate(c):
		return c, 5
	case len(s) > 5 && s[5] == '\\':
		if low, ok := hex4(s[6:]); ok {
			if full := utf16.DecodeRune(c, low); full != utf8.RuneError {
				return full, 11
			}
		}
	}
	return utf8.RuneError, 5
}

func hex4(s string) (rune, bool) {
	if len(s) < 5 || s[0] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:5], 16, 16)
	return rune(n), err == nil
}
