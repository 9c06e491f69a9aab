package config_test

import (
	"strings"
	"testing"
)

func TestPlacesInAConditionHoweverItIsWritten(t *testing.T) {
	for name, tt := range map[string]struct {
		when         string // the key with its value, in which ✱ marks the character that is meant
		line, column int    // of that character in the condition
	}{
		"plain":                {"when: user.active && ✱user.titel == 1", 1, 15},
		"quoted":               {`when: "user.title == 'x' && ✱user.titel"`, 1, 21},
		"escaped":              {`when: "user.title == \"x\" && ✱user.titel"`, 1, 21},
		"doubled quotes":       {`when: 'user.title == "it''s" && ✱user.titel'`, 1, 24},
		"plain on two lines":   {"when: user.active &&\n      ✱user.titel", 1, 15},
		"a block":              {"when: |\n      user.active &&\n        ✱user.titel", 2, 2},
		"a folded block":       {"when: >-\n      user.active &&\n      ✱user.titel", 1, 15},
		"spaces in the quotes": {`when: "  user.active && ✱user.titel"`, 1, 15},
		"the first character":  {"when: ✱user.titel", 1, 0},
		"behind the last":      {"when: user.title ==✱", 1, 13},
	} {
		t.Run(name, func(t *testing.T) {
			head := "organization: {id: a}\nrules:\n  - name: r\n    "
			text := head + tt.when + "\n    role: member\n"
			before, _, _ := strings.Cut(text, "✱")
			line := strings.Count(before, "\n") + 1
			column := len([]rune(before[strings.LastIndex(before, "\n")+1:])) + 1
			rule := mustParse(t, "a.yaml", strings.Replace(text, "✱", "", 1)).Rules[0]
			if at := rule.WhenPlace(tt.line, tt.column); at.Line != line || at.Column != column {
				t.Errorf("it stands at %s, want %d:%d; the condition is %q", at, line, column, rule.When)
			}
		})
	}
}
