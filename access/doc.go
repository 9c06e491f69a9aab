// Package access says what a member may do, and by which line of the organization's file. It is pure: no clock, no store,
// no network.
//
//	config.Organization ── Compile ──▶ Policy ── Can(member, question, at, grants…) ──▶ Answer: yes or no, the source, why
//	                                     ├─ Of(member, at, grants…) ──────▶ Access: everything, with sources
//	                                     └─ Resources, Actions ──────────▶ the candidates of a search, each of which Can judges
//
// Sources only ever add up: a role's permissions, permission sets, projects, spaces, and what is shared. What one gives,
// no other is needed for, and taking it away takes away exactly that. Three things withhold, and beat whatever gives:
//
//   - a rule's deny, and "none" for a space: what the space would give;
//   - "none" for a shared agent or integration: the thing, whoever gives it;
//   - a permission set's value below what is asked: a size limits, false and admin_approval withhold. Of several sets the
//     most permissive value counts.
//
// What admins give by hand, by a mass update or an approval, is a source too, for as long as it holds. It adds things, which
// changes nothing else; it takes things away, whoever gives them; and it sets a value in place of what permission sets say,
// be that more or less. Of what several say of one thing or value, the newest word counts. What the file denies stays
// denied, whatever is given by hand.
//
// What has ended gives nothing from the very instant on, whether or not anybody has settled the member since.
package access
