// Package access says what a member may do, and by which line of the organization's file. It is pure: no clock, no store,
// no network.
//
//	config.Organization ── Compile ──▶ Policy ── Can(member, question, at) ──▶ Answer: yes or no, the source, why
//	                                     ├─ Of(member, at) ──────────────▶ Access: everything, with sources
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
// What has ended gives nothing from the very instant on, whether or not anybody has settled the member since.
package access
