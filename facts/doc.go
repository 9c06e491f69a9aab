// Package facts alone writes what identity providers said: users, groups, who is in which group, and values that name
// nobody yet. It decides nothing about members; it tells its caller which people a change touched.
//
//	provider's word ─▶ Writer.CreateUser, ModifyGroup, … ─▶ rows (user, group, edge, identity, tombstone, parked)
//	                                                   └──▶ Changes, for the journal
//	                                                   └──▶ Touched and Jobs, for settling
//
// The rules of SCIM identity live here: the same person is the same externalId, never the same address; a known
// externalId that was inactive comes back as the same user; a deleted one leaves a tombstone for 90 days; a value pushed
// before the user it names is parked, and joined when that user arrives.
package facts
