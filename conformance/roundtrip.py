"""A round trip by scim2-client, a SCIM library that knows nothing of usher.

It discovers the server, then creates, reads, finds, replaces, patches, searches and deletes a user and a group, and
validates every answer against the schemas that the server published.
"""

import os
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import Error, PatchOp, PatchOperation, SCIMException, SearchRequest


def expect(got, want, what: str) -> None:
    if got != want:
        sys.exit(f"{what}: got {got!r}, want {want!r}")
    print(f"  {what}")


def expect_refusal(call, status: int, what: str) -> None:
    try:
        answer = call()
    except SCIMException as refusal:
        answer = refusal
    if isinstance(answer, Error):
        expect(int(answer.status), status, what)
        return
    expect(int(getattr(answer, "status", 0) or 0), status, what)


def main() -> None:
    http = Client(base_url=os.environ["SCIM_URL"], headers={"Authorization": "Bearer " + os.environ["SCIM_TOKEN"]})
    client = SyncSCIMClient(http)
    client.discover()
    User, Group = client.get_resource_model("User"), client.get_resource_model("Group")
    expect(User is not None and Group is not None, True, "discovers users and groups")

    zoe = User.model_validate(
        {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
            "userName": "zoe@acme.com",
            "externalId": "roundtrip-zoe",
            "name": {"givenName": "Zoe", "familyName": "Zeller"},
            "emails": [{"value": "zoe@acme.com", "type": "work", "primary": True}],
            "active": True,
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Engineering"},
        }
    )
    created = client.create(zoe)
    expect(created.user_name, "zoe@acme.com", "creates a user")
    expect_refusal(lambda: client.create(zoe), 409, "is refused a second user of that name")

    read = client.query(User, created.id)
    expect(read.name.family_name, "Zeller", "reads the user")
    found = client.query(User, query_parameters=SearchRequest(filter='userName eq "ZOE@acme.com"'))
    expect([u.id for u in found.resources or []], [created.id], "finds the user, whatever the case")

    read.name.family_name = "Zander"
    replaced = client.replace(read)
    expect(replaced.name.family_name, "Zander", "replaces the user")

    patch = PatchOp[User](operations=[PatchOperation(op=PatchOperation.Op.replace_, path="active", value=False)])
    patched = client.modify(User, created.id, patch)
    if patched is None:
        patched = client.query(User, created.id)
    expect(patched.active, False, "patches the user")

    group = client.create(Group(display_name="Round trip", members=[{"value": created.id}]))
    expect([m.value for m in group.members or []], [created.id], "creates a group with a member")
    expect([g.value for g in client.query(User, created.id).groups or []], [group.id], "sees the group on the user")

    searched = client.search(search_request=SearchRequest(filter='userName eq "zoe@acme.com"', count=10), target=User)
    expect([u.id for u in searched.resources or []], [created.id], "searches by POST")

    client.delete(Group, group.id)
    client.delete(User, created.id)
    expect_refusal(lambda: client.query(User, created.id), 404, "finds nobody after deletion")


if __name__ == "__main__":
    main()
