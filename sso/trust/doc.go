// Package trust keeps what usher and each identity provider know of one another: our keys, the provider's metadata or
// discovery, and the secrets between us. Of every connection that signs people in it makes a ready Line.
//
//	organizations' files ─┐
//	secrets, files ───────┤            every minute, and after each change
//	our keys ─────────────┼─▶ Keeper.build ─▶ a table of Lines ─▶ Keeper.Line, without a lock and without a fetch
//	last good metadata ───┘                        ▲
//	       ▲                                       │
//	       └── Keeper.Step: makes keys, fetches what is due, judges it, keeps and journals it
//
// What the keeper learns it keeps in the store as documents, so that a start with the provider down has the last good
// copy, and several processes on one store have the same keys:
//
//	trust/keys/CONNECTION      our SAML key pairs, and where their rotation stands
//	trust/metadata/CONNECTION  the provider's metadata as it was accepted last, with the entity id that it is pinned to
//
// Nothing here weakens a check when something is missing: a connection whose provider is not known has a Problem, and
// signs nobody in.
package trust
