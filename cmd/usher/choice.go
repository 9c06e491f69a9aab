package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mixus/usher/config"
)

// choice is the value of a flag that takes one of a few words.
type choice struct {
	to    *string
	words []string
}

// chooses adds such a flag. A word in backquotes in the usage names the value, as with other flags.
func chooses(c *cobra.Command, to *string, name, otherwise, usage string, words ...string) {
	*to = otherwise
	c.Flags().Var(choice{to, words}, name, usage)
}

// String returns the word.
func (v choice) String() string {
	if v.to == nil {
		return ""
	}
	return *v.to
}

// Type names the kind of value: a text, so that an empty one is refused as that of any other flag.
func (v choice) Type() string { return "string" }

// Set takes a word, or says which one was meant.
func (v choice) Set(word string) error {
	if word != "" && !slices.Contains(v.words, word) {
		return &choiceError{word, v.words}
	}
	*v.to = word
	return nil
}

// choiceError is a word that a flag does not take.
type choiceError struct {
	word  string
	words []string
}

// Error says which word was meant, or which there are.
func (e *choiceError) Error() string {
	text := fmt.Sprintf("takes %s, not %q", oneOf(e.words), e.word)
	if near := config.Nearest(e.word, e.words); near != "" {
		text += fmt.Sprintf("; did you mean %s?", near)
	}
	return text
}

// oneOf lists words, of which one counts.
func oneOf(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// flagError says what is wrong with a flag in the words of this program.
func flagError(c *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	var wrong *choiceError
	text := err.Error()
	switch {
	case errors.As(err, &invalid) && errors.As(err, &wrong):
		text = "--" + invalid.GetFlag().Name + " " + wrong.Error()
	case errors.As(err, &invalid) && strings.HasPrefix(invalid.GetFlag().Value.Type(), "int"):
		text = fmt.Sprintf("--%s takes a whole number, not %q", invalid.GetFlag().Name, invalid.GetValue())
	case errors.As(err, &unknown) && c.HasAvailableSubCommands(): // a flag of the command that is misspelt or missing before it
		if args := c.Flags().Args(); len(args) > 0 {
			return noCommand(c, args[0])
		}
		return usagef("`%s` needs a command before %s; see `%s --help`", c.CommandPath(), flagName(unknown.GetSpecifiedName()), c.CommandPath())
	case errors.As(err, &unknown):
		if near := nearestFlag(c, unknown.GetSpecifiedName()); near != "" {
			text += "; did you mean --" + near + "?"
		}
	}
	if strings.HasSuffix(text, "?") {
		return usagef("%s See `%s --help`", text, c.CommandPath())
	}
	return usagef("%s; see `%s --help`", text, c.CommandPath())
}

// flagName is a flag as it is typed.
func flagName(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// nearestFlag returns the flag of a command that a misspelt one most likely means, "" when none is near.
func nearestFlag(c *cobra.Command, name string) string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return config.Nearest(name, names)
}
