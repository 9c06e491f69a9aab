package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mixus/usher/directory"
)

// Loaded is a whole configuration.
type Loaded struct {
	Dir      string    // the folder of the file that was loaded
	Operator *Operator // nil when an organization file was loaded by itself

	// Organizations are those that could be read, in the order of their files' names.
	Organizations []*Organization

	// Files holds, for each organization's id, its file, the files that it names, and the values that it uses: all
	// that ParseFiles needs to read it again.
	Files map[string][]directory.PolicyFile

	// Disputed holds the names of organizations' files that claim what another claims, too: an id, a connection or a
	// domain. Which of them is right, nobody knows here.
	Disputed []string

	file *source      // usher.yaml
	kept []keptSecret // where it says that secrets are
}

// Load reads usher.yaml with all the organization files that it names, or a single organization file, domain file or
// file of permission sets. It returns what could be read and every problem of every file, in the order of their places.
// Only Options.Values is used of the options.
func Load(path string, options Options) (*Loaded, []directory.Problem) {
	text, err := readFile(path)
	if err != nil {
		return &Loaded{Dir: filepath.Dir(path)}, []directory.Problem{unreadable(path, err)}
	}
	l := &loader{
		loaded:  &Loaded{Dir: filepath.Dir(path), Files: map[string][]directory.PolicyFile{}},
		options: options, used: map[string]bool{},
	}
	if !isOperatorFile(path, text) {
		l.folder = folder{base: ".", root: filepath.Dir(path)}
		l.options.Read, l.options.List = l.folder.read, l.folder.list
		l.add(parseOrganization(slashed(path), text, l.options), text)
		return l.loaded, Sort(l.problems)
	}
	l.folder = folder{base: l.loaded.Dir, root: l.loaded.Dir}
	l.options.Read, l.options.List = l.folder.read, l.folder.list
	operator, root, d := parseOperator(filepath.Base(path), text)
	if operator != nil {
		l.operator(operator, root, d)
	}
	l.problems = append(l.problems, d.finish()...)
	return l.loaded, Sort(l.problems)
}

// isOperatorFile tells usher.yaml from an organization file, by its name or, under another name, by its keys.
func isOperatorFile(path string, text []byte) bool {
	base := filepath.Base(path)
	if strings.TrimSuffix(base, filepath.Ext(base)) == "usher" {
		return true
	}
	root, _ := parseTree(newSource(base, text))
	if root == nil || root.get("organization") != nil || root.get("domain") != nil {
		return false
	}
	for _, name := range []string{"listen", "public_url", "data", "organizations", "secrets"} {
		if root.get(name) != nil {
			return true
		}
	}
	return false
}

// loader collects a configuration.
type loader struct {
	loaded   *Loaded
	folder   folder
	options  Options
	problems []directory.Problem
	parsed   []*parsed
	texts    [][]byte
	used     map[string]bool // files that an organization file names
	unknown  bool            // whether there may be organizations of which nothing could be read
}

// operator reads the organization files and checks what must be unique over all of them.
func (l *loader) operator(o *Operator, root *node, d *decoder) {
	l.loaded.Operator, l.loaded.file, l.loaded.kept = o, d.src, d.kept
	files := l.find(o, d)
	l.unknown = len(files) == 0
	for _, file := range files {
		text, err := readFile(file)
		if err != nil {
			l.problems = append(l.problems, unreadable(l.folder.name(file), err))
			l.unknown = true
			continue
		}
		p := parseOrganization(l.folder.name(file), text, l.options)
		l.parsed, l.texts = append(l.parsed, p), append(l.texts, text)
		for _, f := range p.decoder.included {
			l.used[f.Name] = true
		}
		l.unknown = l.unknown || p.shape == shapeOrganization && (p.organization == nil || p.organization.ID == "")
	}
	for i, p := range l.parsed {
		name := p.decoder.src.name
		if l.used[name] && p.shape != shapeOrganization {
			continue // its problems are those of the file that names it
		}
		if message, key := unused(p.shape); message != "" {
			l.problems = append(l.problems, p.problems...)
			l.problems = append(l.problems, directory.Problem{
				Position: directory.Position{File: name, Line: 1, Column: 1}, Severity: directory.SeverityWarning,
				Message: message, Fix: "name the file in an organization file: " + fmt.Sprintf(key, filepath.Base(name)),
			})
			continue
		}
		l.add(p, l.texts[i])
		l.checkSecrets(p, o)
	}
	l.unique()
	l.checkSecretOwners(o, root, d)
	l.checkDeclared(o, d)
	l.checkBreakGlass(o)
	l.checkLoopback(o)
	dir := l.loaded.Dir
	for _, path := range []*string{&o.Data, &o.TLS.Certificate, &o.TLS.Key, &o.Backup.Directory} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(dir, *path)
		}
	}
}

// unused says of a file that customers have what no organization does with it, and how one would; "" of any other file.
func unused(as shape) (message, key string) {
	switch as {
	case shapeSets:
		return "no organization uses these permission sets", "permission_sets_file: %s"
	case shapeSharing:
		return "no organization shares these agents and integrations", "sharing_file: %s"
	case shapeTraining:
		return "no organization trains anybody by these modules", "onboarding: {training_file: %s}"
	case shapeOrganization, shapeDomain:
	}
	return "", ""
}

// find lists the organization files, sorted, each once.
func (l *loader) find(o *Operator, d *decoder) []string {
	var files []string
	for _, pattern := range o.Organizations {
		found, err := filepath.Glob(l.folder.path(pattern))
		if err != nil {
			d.fail(o.At, fmt.Sprintf("%q is no pattern of files", short(pattern)), "write for example organizations/*.yaml")
		} else if len(found) == 0 && !slices.Equal(o.Organizations, defaultOrganizations()) {
			d.warn(o.At, fmt.Sprintf("no file fits %q", short(pattern)), "check the pattern, which is relative to this file's folder")
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	files = slices.Compact(files)
	if len(files) == 0 {
		d.fail(o.At, "there is no organization file", "put one into "+filepath.ToSlash(filepath.Join("organizations", "acme.yaml")))
	}
	return files
}

// add takes an organization into the configuration.
func (l *loader) add(p *parsed, text []byte) {
	l.problems = append(l.problems, p.problems...)
	o := p.organization
	if o == nil {
		return
	}
	l.loaded.Organizations = append(l.loaded.Organizations, o)
	if _, twice := l.loaded.Files[o.ID]; twice || o.ID == "" {
		return
	}
	files := append([]directory.PolicyFile{{Name: p.decoder.src.name, Text: text}}, p.decoder.included...)
	if values, any := valuesFile(p.decoder.used); any {
		files = append(files, values)
	}
	l.loaded.Files[o.ID] = files
}

// fail reports a problem that only several files together show, with the lines around it.
func (l *loader) fail(at directory.Position, message, fix string) {
	l.report(*failure(at, message, fix))
}

// report adds a problem with the lines around it.
func (l *loader) report(problem directory.Problem) {
	shown := []directory.Problem{problem}
	for _, p := range l.parsed {
		excerpts(shown, append(p.decoder.otherFiles, p.decoder.src)...)
	}
	l.problems = append(l.problems, shown...)
}

// unique checks ids and domains over all files.
func (l *loader) unique() {
	organizations, connections, domains := map[string]directory.Position{}, map[string]directory.Position{}, map[string]directory.Position{}
	check := func(seen map[string]directory.Position, noun, id string, at directory.Position) {
		if first, twice := seen[id]; twice && first.File != at.File {
			l.loaded.Disputed = append(l.loaded.Disputed, first.File, at.File)
			l.fail(at, fmt.Sprintf("the %s %q is there already, in %s", noun, short(id), first.Rule()), "one of the two has to change: it is unique over all organizations")
		} else if id != "" && !twice {
			seen[id] = at
		}
	}
	for _, o := range l.loaded.Organizations {
		check(organizations, "organization", o.ID, o.At)
		for _, c := range o.Connections {
			check(connections, "connection", c.ID, c.At)
		}
		for _, d := range o.Domains {
			check(domains, "domain", d.Domain, d.At)
		}
	}
}

// checkSecrets checks that usher.yaml says where each secret of a file comes from.
func (l *loader) checkSecrets(p *parsed, o *Operator) {
	if p.organization == nil {
		return
	}
	id := p.organization.ID
	names := slices.Sorted(maps.Keys(o.Secrets[id]))
	for _, ref := range p.decoder.secrets {
		if slices.Contains(names, ref.name) {
			continue
		}
		fix := fmt.Sprintf("add to it secrets: {%s: {%s: \"${env:NAME}\"}}", id, ref.name)
		if near := Nearest(ref.name, names); near != "" {
			fix = fmt.Sprintf("write ${secret:%s}", near)
		}
		l.fail(ref.at, fmt.Sprintf("usher.yaml does not say where the secret %q of %q comes from", ref.name, id), fix)
	}
}

// theOrganizations says which there are.
func theOrganizations(ids []string) string {
	if len(ids) == 0 {
		return "there is none yet: put its file into organizations"
	}
	return "the organizations are " + strings.Join(ids, ", ")
}

// checkSecretOwners warns of secrets for organizations that there are not.
func (l *loader) checkSecretOwners(o *Operator, root *node, d *decoder) {
	ids := make([]string, 0, len(l.loaded.Organizations))
	for _, org := range l.loaded.Organizations {
		ids = append(ids, org.ID)
	}
	for _, id := range slices.Sorted(maps.Keys(o.Secrets)) {
		if slices.Contains(ids, id) || l.unknown {
			continue
		}
		at, fix := o.At, theOrganizations(ids)
		if secrets := root.get("secrets"); secrets != nil {
			for _, p := range secrets.pairs {
				if p.key.text == id {
					at = p.key.at
				}
			}
		}
		if near := Nearest(id, ids); near != "" {
			fix = "write " + near
		}
		d.warn(at, fmt.Sprintf("there is no organization %q for these secrets", short(id)), fix)
	}
}

// Excerpts fills in the source lines of problems that another package found, by the files of the organization, and
// sorts them.
func Excerpts(problems []directory.Problem, files []directory.PolicyFile) []directory.Problem {
	sources := make([]*source, 0, len(files))
	for _, f := range files {
		sources = append(sources, newSource(f.Name, f.Text))
	}
	problems = Sort(problems)
	excerpts(problems, sources...)
	return problems
}
