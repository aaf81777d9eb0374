"""ValidatingAdmissionPolicies, by the one that binds a plugin to the slices of its own node."""

from __future__ import annotations

from dra_core.snapshot.json_value import Json, JsonObject
from dra_sandbox.apiserver.requests import Identity

from tests.property.sandbox.apiserver.little_clients import Client

SLICE = "ResourceSlice.resource.k8s.io"
POLICY = "ValidatingAdmissionPolicy.admissionregistration.k8s.io"
BINDING = "ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io"
USER = "system:serviceaccount:driver:plugin"
OWN_NODE: JsonObject = {
    "failurePolicy": "Fail",
    "matchConstraints": {
        "resourceRules": [
            {
                "apiGroups": ["resource.k8s.io"],
                "apiVersions": ["*"],
                "operations": ["CREATE", "UPDATE", "DELETE"],
                "resources": ["resourceslices"],
            }
        ]
    },
    "matchConditions": [{"name": "plugin", "expression": f'request.userInfo.username == "{USER}"'}],
    "variables": [
        {
            "name": "tokenNode",
            "expression": 'request.userInfo.extra[?"authentication.kubernetes.io/node-name"][0].orValue("")',
        },
        {
            "name": "sliceNode",
            "expression": '(request.operation == "DELETE" ? oldObject : object).spec.?nodeName.orValue("")',
        },
    ],
    "validations": [
        {"expression": 'variables.tokenNode != ""', "message": "the token is bound to no node"},
        {
            "expression": "variables.tokenNode == variables.sliceNode",
            "messageExpression": '"node " + variables.tokenNode + " may not write slices of " + variables.sliceNode',
        },
    ],
}


def plugin(node: str) -> Identity:
    return Identity(user=USER, groups=("system:masters",), node=node)  # a policy asks after roles have allowed


def slice_of(node: str, name: str = "x") -> JsonObject:
    pool: JsonObject = {"name": node, "generation": 1, "resourceSliceCount": 1}
    return {"metadata": {"name": name}, "spec": {"driver": "d.example.com", "nodeName": node, "pool": pool}}


def with_policy(spec: JsonObject, actions: Json = ("Deny",)) -> Client:
    client = Client()
    client.create(POLICY, {"metadata": {"name": "own-node"}, "spec": spec})
    bound: JsonObject = {"policyName": "own-node", "validationActions": actions}
    client.create(BINDING, {"metadata": {"name": "own-node"}, "spec": bound})
    return client


def test_a_plugin_writes_the_slices_of_its_node_only() -> None:
    client = with_policy(OWN_NODE)
    for node, said in (("node-2", "node node-2 may not write slices of node-1"), ("", "the token is bound to no node")):
        request = client.request("create", SLICE, body=slice_of("node-1"), identity=plugin(node))
        problem = client.refused(request)
        assert problem.code == 422
        assert problem.message.endswith(
            f"ValidatingAdmissionPolicy 'own-node' with binding 'own-node' denied request: {said}"
        )
    client.done(client.request("create", SLICE, body=slice_of("node-1"), identity=plugin("node-1")))
    assert client.refused(client.request("delete", SLICE, "x", identity=plugin("node-2"))).code == 422
    assert client.refused(client.request("deletecollection", SLICE, identity=plugin("node-2"))).code == 422
    client.done(client.request("delete", SLICE, "x", identity=plugin("node-1")))
    client.create(SLICE, slice_of("node-1"))  # others are not meant


def test_a_policy_without_a_binding_that_denies_lets_everything_pass() -> None:
    client = with_policy(OWN_NODE, ("Audit",))
    client.done(client.request("create", SLICE, body=slice_of("node-1"), identity=plugin("node-2")))


def test_an_expression_that_fails_counts_as_the_failure_policy_says() -> None:
    broken: JsonObject = {**OWN_NODE, "validations": [{"expression": "object.spec.nothing.at.all == 1"}]}
    for policy, refused in (("Fail", True), ("Ignore", False)):
        client = with_policy({**broken, "failurePolicy": policy})
        request = client.request("create", SLICE, body=slice_of("node-1"), identity=plugin("node-1"))
        if refused:
            assert "resulted in error" in client.refused(request).message
        else:
            client.done(request)


def test_selectors_and_exclusions_narrow_a_policy() -> None:
    never: JsonObject = {"expression": "false", "message": "never", "reason": "Forbidden"}
    rules = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}
    constraints: JsonObject = {
        "resourceRules": [rules],
        "excludeResourceRules": [{**rules, "apiGroups": [""], "resources": ["secrets"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}},
        "objectSelector": {"matchExpressions": [{"key": "free", "operator": "DoesNotExist"}]},
    }
    client = with_policy({"matchConstraints": constraints, "validations": [never]})
    refused = client.refused(client.request("create", "ConfigMap", body={"metadata": {"name": "a"}}))
    assert (refused.code, refused.reason) == (403, "Forbidden")
    client.create("ConfigMap", {"metadata": {"name": "a", "labels": {"free": "yes"}}})
    client.create("ConfigMap", {"metadata": {"name": "a"}}, "kube-system")
    client.create("Secret", {"metadata": {"name": "a"}})


def test_a_variable_may_be_an_optional_and_counts_only_where_it_is_used() -> None:
    before: JsonObject = {
        "name": "before",
        "expression": 'request.operation == "CREATE" ? optional.none() : oldObject.?spec.?nodeName',
    }
    wrong: JsonObject = {"name": "wrong", "expression": "object.spec.nothing.there"}
    keeps: JsonObject = {
        "expression": 'request.operation != "UPDATE" || variables.before == object.?spec.?nodeName',
        "message": "moved",
    }
    client = with_policy({**OWN_NODE, "variables": [wrong, before], "validations": [keeps]})
    client.done(client.request("create", SLICE, body=slice_of("node-1"), identity=plugin("node-1")))
    client.done(client.request("update", SLICE, "x", client.get(SLICE, "x"), identity=plugin("node-1")))
    uses: JsonObject = {"expression": "variables.wrong == 1"}
    broken = with_policy({**OWN_NODE, "variables": [wrong], "validations": [uses]})
    request = broken.request("create", SLICE, body=slice_of("node-1"), identity=plugin("node-1"))
    assert "variables.wrong == 1' resulted in error" in broken.refused(request).message
