"""The least that an LTI 1.1 tool is with PyLTI and Flask: it verifies a launch and says hello."""

import os

from flask import Flask
from pylti.flask import lti

app = Flask(__name__)
app.secret_key = os.urandom(32)
app.config["PYLTI_CONFIG"] = {
    "consumers": {os.environ["LTI_KEY"]: {"secret": os.environ["LTI_SECRET"]}}
}


def error(exception):
    return "refused: " + str(exception["exception"]), 401


@app.route("/", methods=["POST"])
@lti(request="initial", error=error, app=app)
def launch(lti):
    return "<!DOCTYPE html><title>Hello</title><p>Hello, " + lti.name
