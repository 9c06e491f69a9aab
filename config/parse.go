package config

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/mixus/usher/directory"
)

// Options are what a file's meaning depends on beside its text.
type Options struct {
	// Values replace ${value:NAME} in ids, domains and URLs.
	Values map[string]string

	// Read reads a file that an organization file names, by its name relative to the folder of usher.yaml with
	// slashes. Nil means that there are none.
	Read func(name string) ([]byte, error)

	// List returns the names of the files in a folder that an organization file names, without their path. Nil means that
	// there are none.
	List func(folder string) ([]string, error)
}

// parsed is what one file turned out to be.
type parsed struct {
	organization *Organization
	shape        shape
	decoder      *decoder
	problems     []directory.Problem
}

// shape is which of the files an organization file is.
type shape int

const (
	shapeOrganization shape = iota
	shapeDomain             // the file of one domain, as customers keep it
	shapeSets               // a file of permission sets, as customers keep it
	shapeSharing            // a file of shared agents and integrations, as customers keep it
	shapeTraining           // a file of trainings, as customers keep it
)

// ParseOrganization reads an organization file, YAML or JSON. It also takes the files that customers have as they are:
// one of a single domain, which makes an organization of that name with the standard roles, one of permission sets, one
// of shared agents and integrations, and one of trainings. The name appears in positions. The organization is returned with whatever could be read, nil when nothing
// could; it is fit for use when no problem is an error.
func ParseOrganization(name string, text []byte, options Options) (*Organization, []directory.Problem) {
	p := parseOrganization(name, text, options)
	return p.organization, p.problems
}

func parseOrganization(name string, text []byte, options Options) *parsed {
	d := &decoder{src: newSource(name, text), options: options}
	root, problems := parseTree(d.src)
	d.problems = problems
	p := &parsed{decoder: d}
	if root != nil {
		p.shape = shapeOf(root)
		p.organization = d.organization(root, p.shape)
	}
	p.problems = d.finish()
	return p
}

// shapeOf tells an organization file from the files that customers have.
func shapeOf(root *node) shape {
	if root.kind != isMapping || len(root.pairs) == 0 {
		return shapeOrganization
	}
	if root.get("organization") == nil {
		if domain := root.get("domain"); domain != nil && domain.kind != isMapping {
			return shapeDomain
		}
	}
	if !slices.ContainsFunc(root.pairs, func(p pair) bool { return p.key.text != "shared_agents" && p.key.text != "shared_integrations" }) {
		return shapeSharing
	}
	known := map[string]bool{}
	for _, name := range organizationTable().names() {
		known[name] = true
	}
	sets, training := false, false
	for _, p := range root.pairs {
		if known[p.key.text] || p.value.kind != isMapping {
			return shapeOrganization
		}
		training = training || p.value.get("required_modules") != nil || p.value.get("optional_modules") != nil
		for _, permission := range permissions() {
			sets = sets || p.value.get(permission.name) != nil
		}
	}
	switch {
	case sets:
		return shapeSets
	case training:
		return shapeTraining
	}
	return shapeOrganization
}

func (d *decoder) organization(root *node, as shape) *Organization {
	switch as {
	case shapeDomain:
		domain, _ := domainTable().read(d, root, spot{})
		o := &Organization{At: root.at, Domains: []Domain{domain}}
		o.ID, _, _ = strings.Cut(domain.Domain, ".")
		o.Name = o.ID
		finishOrganization(d, root, o)
		return o
	case shapeSets:
		sets, _ := permissionSets().read(d, root, spot{})
		base := path.Base(d.src.name)
		o := &Organization{At: root.at, ID: identifierFrom(strings.TrimSuffix(base, path.Ext(base))), PermissionSets: sets}
		o.Name = o.ID
		finishOrganization(d, root, o)
		return o
	case shapeSharing:
		o, _ := sharingTable().read(d, root, spot{}) // alone, it cannot say whom the names in it mean
		return &o
	case shapeTraining:
		got, _ := trainings().read(d, root, spot{}) // alone, it cannot say whom the names in it mean
		return &Organization{At: root.at, Onboarding: Onboarding{At: root.at, Training: got}}
	case shapeOrganization:
	}
	o, ok := organizationTable().read(d, root, spot{example: "organization: {id: acme}"})
	if !ok {
		return nil
	}
	return &o
}

// ParseOperator reads usher.yaml. Paths stay as they are written. The operator is nil when nothing could be read.
func ParseOperator(name string, text []byte) (*Operator, []directory.Problem) {
	operator, _, d := parseOperator(name, text)
	return operator, d.finish()
}

func parseOperator(name string, text []byte) (*Operator, *node, *decoder) {
	d := &decoder{src: newSource(name, text)}
	root, problems := parseTree(d.src)
	d.problems = problems
	if root == nil {
		return nil, nil, d
	}
	o, ok := operatorTable().read(d, root, spot{example: "listen: " + DefaultListen})
	if !ok {
		return nil, root, d
	}
	return &o, root, d
}

// ParseFiles reads an organization from the files of a stored policy: the organization file, those it names, and the
// values that it uses, as Load returns them.
func ParseFiles(files []directory.PolicyFile) (*Organization, []directory.Problem) {
	if len(files) == 0 {
		return nil, []directory.Problem{{Severity: directory.SeverityError, Message: "the policy has no file"}}
	}
	options := Options{Read: func(name string) ([]byte, error) {
		for _, f := range files[1:] {
			if f.Name == name {
				return f.Text, nil
			}
		}
		return nil, fs.ErrNotExist
	}, List: func(folder string) ([]string, error) {
		var names []string
		for _, f := range files[1:] {
			if path.Dir(f.Name) == folder {
				names = append(names, path.Base(f.Name))
			}
		}
		return names, nil
	}}
	for _, f := range files[1:] {
		if f.Name == valuesName {
			options.Values, _ = ParseValues(f.Name, f.Text)
		}
	}
	return ParseOrganization(files[0].Name, files[0].Text, options)
}

// include reads another file in the middle of this one.
func (d *decoder) include(n *node, name string, read func(*decoder, *node)) {
	full := path.Join(path.Dir(d.src.name), strings.ReplaceAll(name, `\`, "/"))
	if d.options.Read == nil {
		d.fail(n.at, fmt.Sprintf("%q cannot be read here", short(name)), "write its content into this file")
		return
	}
	text, err := d.options.Read(full)
	if err != nil {
		d.fail(n.at, fmt.Sprintf("%q cannot be read: %s", short(full), reason(err)), "check the path, which is relative to this file's folder")
		return
	}
	sub := &decoder{src: newSource(full, text), options: d.options}
	root, problems := parseTree(sub.src)
	sub.problems = problems
	if root != nil {
		read(sub, root)
	}
	d.problems = append(d.problems, sub.problems...)
	d.otherFiles = append(d.otherFiles, sub.src)
	d.included = append(d.included, directory.PolicyFile{Name: full, Text: text})
	for name, value := range sub.used {
		d.use(name, value)
	}
}
