package config

import (
	"bytes"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"

	"github.com/mixus/usher/directory"
)

// What a configuration file may cost. The limits are far above what people write and far below what would keep a
// server busy; the parser's own cost grows with the square of a mapping's keys, hence maxWork.
const (
	maxFile     = 8 << 20
	maxDepth    = 64
	maxMarks    = 300_000 // characters that can start or part a value
	maxKeys     = 10_000  // in one mapping
	maxWork     = 1.5e8   // sum over all mappings of keys squared
	maxNodes    = 300_000
	maxAliased  = 100_000 // values that aliases stand for, all together
	maxProblems = 1000
)

// checkText refuses what is not worth tokenizing.
func checkText(s *source) *directory.Problem {
	at := s.at(1, 1)
	switch {
	case len(s.text) > maxFile:
		return failure(at, "the file is larger than 8 MiB", "split it, or check that it is the right file")
	case !utf8.Valid(s.text):
		return failure(s.place(invalidByte(s.text)), "the file is not UTF-8 here", "save it as UTF-8")
	case bytes.IndexByte(s.text, 0) >= 0:
		return failure(s.place(bytes.IndexByte(s.text, 0)), "the file has a NUL byte here", "save it as UTF-8 text")
	case len(bytes.TrimSpace(s.text)) == 0:
		return failure(at, "the file is empty", "")
	}
	marks := 0
	for _, c := range s.text {
		switch c {
		case ',', ':', '[', ']', '{', '}', '-', '?', '&', '*', '!', '\n':
			marks++
		}
	}
	if marks > maxMarks {
		return failure(at, "the file has too many entries", "check that it is the right file")
	}
	return nil
}

func invalidByte(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return 0
}

// level is one block mapping or sequence that is open at a token.
type level struct{ column, keys int }

// checkTokens refuses depth and breadth before the parser, which is recursive, meets them.
func checkTokens(s *source, tokens token.Tokens) *directory.Problem {
	flow, work := 0, 0.0
	var open []level
	for i, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow = max(flow-1, 0)
		case token.DocumentHeaderType, token.DocumentEndType:
			if i > 0 && i < len(tokens)-1 {
				return failure(s.at(t.Position.Line, t.Position.Column), "a second YAML document starts here", "keep one document in each file")
			}
		case token.MappingKeyType:
			return failure(s.at(t.Position.Line, t.Position.Column), `a key marked by "?" has no meaning here`, "write key: value")
		case token.MappingValueType, token.SequenceEntryType:
			if flow > 0 {
				continue
			}
			column := t.Position.Column
			if t.Type == token.MappingValueType && t.Prev != nil {
				column = t.Prev.Position.Column
			}
			for len(open) > 0 && open[len(open)-1].column > column {
				open = open[:len(open)-1]
			}
			if len(open) == 0 || open[len(open)-1].column < column {
				open = append(open, level{column: column})
			}
			top := &open[len(open)-1]
			top.keys++
			if t.Type == token.MappingValueType {
				work += float64(2*top.keys - 1)
				if top.keys > maxKeys || work > maxWork {
					return failure(s.at(t.Position.Line, t.Position.Column), "the mappings of this file have too many keys", "keep below 10,000 keys in one mapping")
				}
			}
		default: // a value, which neither opens nor closes anything
		}
		if flow+len(open) > maxDepth {
			return failure(s.at(t.Position.Line, t.Position.Column), "values are nested more than 64 deep here", "")
		}
	}
	return nil
}

func failure(at directory.Position, message, fix string) *directory.Problem {
	return &directory.Problem{Position: at, Severity: directory.SeverityError, Message: message, Fix: fix}
}
