"""Signs what it reads, a JSON object a line, with oauthlib: the second opinion of crates/lti/tests/oauthlib.rs."""

import json
import sys

from oauthlib.oauth1.rfc5849 import signature

for line in sys.stdin:
    case = json.loads(line)
    parameters = signature.collect_parameters(
        uri_query=case["query"],
        body=[tuple(pair) for pair in case["pairs"]],
        exclude_oauth_signature=True,
        with_realm=False,
    )
    base_string = signature.signature_base_string(
        "POST",
        case["spelled"] or signature.base_string_uri(case["uri"]),
        signature.normalize_parameters(parameters),
    )
    signed = signature.sign_hmac_sha1_with_client(base_string, type("Client", (), {
        "client_secret": case["secret"],
        "resource_owner_secret": None,
    }))
    print(json.dumps({"base_string": base_string, "signature": signed}), flush=True)
