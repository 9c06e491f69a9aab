package config

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mixus/usher/directory"
)

// The most templates, and the largest one in bytes, that an organization may have.
const (
	maxTemplates = 64
	maxTemplate  = 64 << 10
)

// lettersTable is the table of the key "mail" of an organization file.
func lettersTable() *object[Letters] {
	return &object[Letters]{
		name: "letters", noun: `"mail"`, doc: "How the organization's mail reads.",
		keys: []key[Letters]{
			templatesKey(),
			in("resources", listOf(resourceTable().value(), "a list of names and addresses"), func(l *Letters) *[]Resource { return &l.Resources },
				"What a new member is pointed to in the welcome.", "[{name: Team playbook, url: \"https://wiki.acme.com/playbook\"}]"),
			in("welcome", oneOf(WelcomeInvited, WelcomeEverybody, WelcomeNobody), func(l *Letters) *string { return &l.Welcome },
				"Who is sent a welcome on becoming a member: who was invited or asked to join (invited, as without this key), everybody, or nobody.", WelcomeInvited),
		},
		start: func(at directory.Position) Letters { return Letters{At: at} },
	}
}

func resourceTable() *object[Resource] {
	return &object[Resource]{
		name: "resource", noun: "a resource", doc: "Something to read.",
		keys: []key[Resource]{
			in("name", nameText(), func(r *Resource) *string { return &r.Name }, "What people read.", "Team playbook").must(),
			in("url", secureURL(), func(r *Resource) *string { return &r.URL }, "Where it is.", "https://wiki.acme.com/playbook").must(),
		},
		start: func(at directory.Position) Resource { return Resource{At: at} },
	}
}

// templatesKey is the key that names a folder of templates.
func templatesKey() key[Letters] {
	folder := filePath()
	return key[Letters]{
		name: "templates", example: "letters", schema: folder.schema,
		doc: "A folder beside this file with templates that take the place of usher's: invitation.txt, invitation.html and so on; `usher mail preview` shows a letter.",
		read: func(d *decoder, n *node, l *Letters) {
			if name, ok := folder.read(d, n, spot{key: "templates", example: "letters"}); ok {
				l.Templates = d.templates(n, name)
			}
		},
	}
}

// templates reads the templates of a folder.
func (d *decoder) templates(n *node, name string) []MailTemplate {
	folder := path.Join(path.Dir(d.src.name), strings.ReplaceAll(name, `\`, "/"))
	if d.options.Read == nil || d.options.List == nil {
		d.fail(n.at, fmt.Sprintf("the folder %q cannot be read here", short(name)), "leave the key out where the files are not at hand")
		return nil
	}
	files, err := d.options.List(folder)
	if err != nil {
		d.fail(n.at, fmt.Sprintf("the folder %q cannot be read: %s", short(folder), reason(err)), "check the path, which is relative to this file's folder")
		return nil
	}
	files = slices.DeleteFunc(files, func(f string) bool { return path.Ext(f) != ".txt" && path.Ext(f) != ".html" })
	slices.Sort(files)
	switch {
	case len(files) == 0:
		d.fail(n.at, fmt.Sprintf("the folder %q has no template", short(folder)), "put invitation.txt or invitation.html into it, or leave the key out")
		return nil
	case len(files) > maxTemplates:
		d.fail(n.at, fmt.Sprintf("the folder %q has %d templates, more than there are letters", short(folder), len(files)), "keep templates in a folder of their own")
		return nil
	}
	var list []MailTemplate
	for _, file := range files {
		full := path.Join(folder, file)
		text, err := d.options.Read(full)
		if err != nil {
			d.fail(n.at, fmt.Sprintf("%q cannot be read: %s", short(full), reason(err)), "check the file and its permissions")
			continue
		}
		at := directory.Position{File: full, Line: 1, Column: 1}
		if len(text) > maxTemplate {
			d.fail(at, fmt.Sprintf("the template has %d bytes, more than %d", len(text), maxTemplate), "link to pictures instead of having them inside")
			continue
		}
		list = append(list, MailTemplate{At: at, Name: file, Text: string(text)})
		d.otherFiles = append(d.otherFiles, newSource(full, text))
		d.included = append(d.included, directory.PolicyFile{Name: full, Text: text})
	}
	return list
}
