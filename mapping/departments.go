package mapping

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// departments finds departments by name, and by what directories call them.
type departments struct {
	named     map[string]*department // by normalized name
	spellings map[string]*department // by normalized name or spelling
}

// department is a department and those above it, the nearest first.
type department struct {
	*config.Department
	order int
	above []*department
}

// normalize is the form in which free text of directories is compared: trimmed, composed (NFC) and folded.
func normalize(text string) string { return directory.Fold(norm.NFC.String(strings.TrimSpace(text))) }

// departments checks the departments of the file.
func (c *compiler) departments() {
	d := departments{named: map[string]*department{}, spellings: map[string]*department{}}
	c.policy.departments = d
	names := seen{}
	for i := range c.org.Departments {
		conf := &c.org.Departments[i]
		if !c.again(names, "department", normalize(conf.Name), conf.Name, conf.At) {
			d.named[normalize(conf.Name)] = &department{Department: conf, order: i}
		}
	}
	for i := range c.org.Departments {
		conf := &c.org.Departments[i]
		if dep := d.named[normalize(conf.Name)]; dep != nil && dep.Department == conf {
			c.spellings(dep)
			c.parents(dep)
		}
	}
}

// spellings gives a department its name and its other spellings, each of which may mean one department only.
func (c *compiler) spellings(dep *department) {
	d := c.policy.departments
	for _, text := range append([]string{dep.Name}, dep.Match...) {
		key := normalize(text)
		other := d.spellings[key]
		if other == nil {
			other = d.named[key] // a name that comes later in the file has the same right
		}
		if other != nil && other != dep {
			c.fail(dep.Places.Item("match", text, dep.At), "leave the spelling with one of them", "%q means both department %s (%s) and department %s", text, other.Name, other.At, dep.Name)
			continue
		}
		d.spellings[key] = dep
	}
}

// parents finds the departments above one.
func (c *compiler) parents(dep *department) {
	path := []string{dep.Name}
	for at := dep; at.Parent != ""; {
		up := c.policy.departments.named[normalize(at.Parent)]
		if up == nil {
			if at == dep {
				c.fail(dep.Places.Of("parent", dep.At), hint("departments", dep.Parent, c.departmentNames()), "parent of department %s: there is no department %q", dep.Name, dep.Parent)
			}
			return
		}
		path = append(path, up.Name)
		if up == dep {
			if !slices.ContainsFunc(dep.above, func(d *department) bool { return d.order < dep.order }) { // once for the circle
				c.fail(dep.At, "remove one of the parents", "departments are above each other in a circle: %s", strings.Join(path, " → "))
			}
			return
		}
		if slices.Contains(dep.above, up) {
			return // a circle further up, reported there
		}
		dep.above = append(dep.above, up)
		at = up
	}
}

// department finds the department that a rule refers to by name, and reports an unknown one.
func (c *compiler) department(at directory.Position, where, name string) *department {
	if name == "" {
		return nil
	}
	dep := c.policy.departments.named[normalize(name)]
	if dep == nil {
		fix := hint("departments", name, c.departmentNames())
		if other := c.policy.departments.spellings[normalize(name)]; other != nil {
			fix = "write the department's name, " + other.Name
		}
		c.fail(at, fix, "%s: there is no department %q", where, name)
	}
	return dep
}

func (c *compiler) departmentNames() []string {
	var names []string
	for i := range c.org.Departments {
		names = append(names, c.org.Departments[i].Name)
	}
	return names
}
