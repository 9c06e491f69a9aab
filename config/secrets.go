package config

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/mixus/usher/directory"
)

// Secrets finds the secrets that organization files name. It keeps none of them: every Get reads anew, so that a
// secret that was rotated is the new one from the next use on.
type Secrets struct {
	dir     string
	sources map[string]map[string]string
}

// NewSecrets makes the finder for usher.yaml in a folder.
func NewSecrets(o *Operator, dir string) *Secrets {
	return &Secrets{dir: dir, sources: o.Secrets}
}

// Secret is a value that does not print itself.
type Secret struct{ text string }

// hiddenSecret is what every way of printing a secret shows.
const hiddenSecret = "(hidden)"

// Reveal returns the secret's text, for the one place that needs it.
func (s Secret) Reveal() string { return s.text }

// String hides the secret.
func (s Secret) String() string { return hiddenSecret }

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return hiddenSecret }

// MarshalText hides the secret from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hiddenSecret), nil }

// LogValue hides the secret from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hiddenSecret) }

// String says how many secrets there are, and no more.
func (s *Secrets) String() string {
	n := 0
	for _, names := range s.sources {
		n += len(names)
	}
	return fmt.Sprintf("secrets: %d, of organizations: %d (hidden)", n, len(s.sources))
}

// Get returns the present value of ${secret:NAME} in an organization's file. Its errors name the secret and where it
// should come from, never what it is.
func (s *Secrets) Get(organization, ref string) (Secret, error) {
	name := ref
	if found := secretName.FindStringSubmatch(ref); found != nil {
		name = found[1]
	}
	source, known := s.sources[organization][name]
	if !known {
		return Secret{}, directory.Errorf(directory.NotFound, "usher.yaml does not say where the secret %q of %q comes from; add it under secrets", name, organization)
	}
	return s.Read(fmt.Sprintf("the secret %q of %q", name, organization), source)
}

// Read returns the present value of a place of usher.yaml itself, ${env:NAME} or ${file:PATH}. Its errors begin with what
// the secret is.
func (s *Secrets) Read(what, source string) (Secret, error) {
	source = strings.TrimSuffix(strings.TrimPrefix(source, "${"), "}")
	if variable, ok := strings.CutPrefix(source, "env:"); ok {
		text := os.Getenv(variable)
		if text == "" {
			return Secret{}, directory.Errorf(directory.Unavailable, "%s is empty: set the environment variable %s", what, variable)
		}
		return Secret{text}, nil
	}
	path := strings.TrimPrefix(source, "file:")
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.dir, path)
	}
	text, err := readFile(path)
	if err != nil {
		return Secret{}, directory.Errorf(directory.Unavailable, "%s cannot be read from %s: %s", what, path, reason(err))
	}
	if value := strings.TrimRight(string(text), "\r\n"); value != "" {
		return Secret{value}, nil
	}
	return Secret{}, directory.Errorf(directory.Unavailable, "%s is empty: write it into %s", what, path)
}
