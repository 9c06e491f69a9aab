package mapping

import "github.com/mixus/usher/directory"

// department chooses the department: the first matching rule that sets one, else what the directory's text means.
func (e *evaluation) department() choice {
	var chosen choice
	var uncertain *match // the first rule before the chosen one that might have set another
	for i := range e.matches {
		m := &e.matches[i]
		if m.dept == nil || !m.gives || m.byInvitation() {
			continue
		}
		option := choice{value: m.dept.Name}
		if m.undecided {
			if uncertain == nil && chosen.reason.Source == "" {
				uncertain = m
			}
			continue
		}
		option.reason = m.given(fieldDepartment, option.value)
		if chosen.reason.Source == "" {
			chosen = option
		} else {
			e.beat(&chosen, &option)
		}
	}
	fromText := e.directoryDepartment()
	if chosen.reason.Source == "" {
		chosen = fromText
	} else if fromText.value != "" {
		e.beat(&chosen, &fromText)
	}
	if e.trace != nil && fromText.reason.Source != "" {
		e.trace.Steps = append(e.trace.Steps, Step{Field: fieldDepartmentText, Value: e.text, Reason: fromText.reason})
	}
	if was := e.before(); uncertain != nil && was != nil && was.Department != chosen.value {
		kept := choice{value: was.Department, reason: uncertain.given(fieldDepartment, was.Department)}
		e.beat(&kept, &chosen)
		chosen = kept
	}
	e.decision().Department = chosen.value
	return chosen
}

// directoryDepartment finds the department that the directory's free text means. The text itself is never used.
func (e *evaluation) directoryDepartment() choice {
	if e.key == "" {
		return e.invitedDepartment()
	}
	r := directory.Reason{Field: fieldDepartment, Source: directory.SourceDirectory}
	dep := e.policy.departments.spellings[e.key]
	if dep == nil {
		r.Because = "the directory's text is the name or a spelling of no department"
		return choice{reason: r}
	}
	r.Value, r.At, r.Because = dep.Name, dep.At.Rule(), "the directory's text is the name or a spelling of it"
	return choice{value: dep.Name, reason: r}
}
