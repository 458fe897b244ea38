# moto's server, with what it gets wrong of CloudFormation's reference set right, and without what it has not. Nothing else of moto is touched.
import json
import logging

from moto.cloudformation import models, parsing
from moto.cloudformation.exceptions import ValidationError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


def names_in(value, known):
    """Of the resources that a part of a template refers to."""
    if isinstance(value, list):
        return {name for one in value for name in names_in(one, known)}
    if not isinstance(value, dict):
        return set()
    found = set()
    for key, inner in value.items():
        if key == "Ref":
            found |= {inner} & known
        elif key == "Fn::GetAtt":
            found |= {inner[0] if isinstance(inner, list) else inner.split(".")[0]} & known
        elif key == "Fn::Sub":
            text = inner[0] if isinstance(inner, list) else inner
            found |= {name for name in known if f"${{{name}}}" in text or f"${{{name}." in text}
            found |= names_in(inner[1:] if isinstance(inner, list) else [], known)
        else:
            found |= names_in(inner, known)
    return found


def reduced(text):
    """Without the resources of the types that moto has not, and without what cannot be said without them."""
    template = json.loads(text)
    known = parsing.get_model_map()
    gone = {name for name, one in template["Resources"].items() if one["Type"] not in known}
    unknown = sorted({template["Resources"][name]["Type"] for name in gone})
    depend = set()
    while True:
        more = {name for name, one in template["Resources"].items() if name not in gone and names_in(one.get("Properties"), gone)}
        if not more:
            break
        depend |= more
        gone |= more
    resources = {name: one for name, one in template["Resources"].items() if name not in gone}
    for one in resources.values():
        if "DependsOn" in one:
            after = one["DependsOn"] if isinstance(one["DependsOn"], list) else [one["DependsOn"]]
            one["DependsOn"] = [name for name in after if name not in gone]
    outputs = {name: one for name, one in template.get("Outputs", {}).items() if not names_in(one, gone)}
    if gone:
        print("left out " + json.dumps({"types": unknown, "dependents": sorted(depend)}), flush=True)
    return json.dumps({**template, "Resources": resources, "Outputs": outputs})


def forget_removed(stack):
    """Or moto would take what was removed for there when it comes again."""
    resources = stack.resource_map
    for name, one in list(resources._parsed_resources.items()):
        if hasattr(one, "logical_resource_id") and name not in resources._resource_json_map:
            del resources._parsed_resources[name]


Backend = models.CloudFormationBackend
create_change_set, execute_change_set = Backend.create_change_set, Backend.execute_change_set
delete_change_set, update_stack = Backend.delete_change_set, Backend.update_stack


def create(self, *args, **kwargs):
    kwargs["template"] = reduced(kwargs["template"])
    made = create_change_set(self, *args, **kwargs)
    changes = [[one.action, one.logical_resource_id] for one in self.change_sets[made[0]].changes]
    print("changes " + json.dumps(changes), flush=True)
    return made


def update(self, *args, **kwargs):
    kwargs["template"] = reduced(kwargs["template"])
    stack = self.get_stack(kwargs["name"])
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html
    if stack.has_template(kwargs["template"]):
        raise ValidationError(message="No updates are to be performed.")
    # A template that declares no parameter has none: moto would keep those of the template before.
    declared = json.loads(kwargs["template"]).get("Parameters", {})
    for holder, field in ((stack, "parameters"), (stack.resource_map, "input_parameters")):
        setattr(holder, field, {name: value for name, value in getattr(holder, field).items() if name in declared})
    updated = update_stack(self, *args, **kwargs)
    forget_removed(stack)
    return updated


def delete(self, change_set_name):
    """What there is not is told in words, and not by an exception of moto's own."""
    if not any(change_set_name in (key, one.change_set_name) for key, one in self.change_sets.items()):
        raise ValidationError(message=f"ChangeSet [{change_set_name}] does not exist")
    return delete_change_set(self, change_set_name)


def execute(self, change_set_name, stack_name=None):
    """A stack has the outputs of what was executed, and a change set that was executed is gone."""
    change_set = self.describe_change_set(change_set_name)
    execute_change_set(self, change_set_name, stack_name)
    stack = self.stacks[change_set.stack_id]
    forget_removed(stack)
    stack._parse_template()
    stack.output_map = stack._create_output_map()
    delete_change_set(self, change_set.change_set_id)


Backend.create_change_set, Backend.update_stack = create, update
Backend.delete_change_set, Backend.execute_change_set = delete, execute

logging.getLogger("werkzeug").setLevel(logging.ERROR)


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"


server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True, request_handler=Quiet)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
