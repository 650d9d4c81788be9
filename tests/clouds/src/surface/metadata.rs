//! Google's metadata server: the access token of the machine's service account.

use super::Outcome;
use crate::clouds::Clouds;
use crate::error::google as error;
use crate::fault::{Fault, Plan};
use crate::http::{Reply, Request};
use crate::tokens::{Failing, TokenSource, google_token};
use hyper::{Method, StatusCode};
use serde_json::json;
use std::future::pending;

const TOKEN: &str = "/computeMetadata/v1/instance/service-accounts/default/token";

pub async fn answer(clouds: &Clouds, request: &Request, plan: &Plan) -> Outcome {
    let reply = |reply: Reply| reply.with("metadata-flavor", "Google").with("server", "Metadata Server for VM");
    if request.header("metadata-flavor") != Some("Google") {
        let page = "<!DOCTYPE html>\n<html lang=en>\n<title>Error 403 (Forbidden)!!1</title>\n<p>Missing Metadata-Flavor:Google header.\n";
        let refusal = Reply::whole(StatusCode::FORBIDDEN, "text/html; charset=UTF-8", page);
        return Outcome::new("refused: no Metadata-Flavor header", reply(refusal));
    }
    if request.path != TOKEN || request.method != Method::GET {
        return Outcome::new("metadata-flavor", reply(error::no_such_url(&request.path)));
    }
    if let Some(Fault::Status(status, retry_after)) = plan.refusal {
        return Outcome::new("metadata-flavor", reply(error::fault(false, status, retry_after)));
    }
    match clouds.tokens.fetched(TokenSource::Metadata) {
        Failing::Hang => pending().await,
        Failing::Error => {
            let page = Reply::whole(StatusCode::INTERNAL_SERVER_ERROR, "text/html; charset=UTF-8", "Internal error\n");
            Outcome::new("metadata-flavor", reply(page))
        }
        Failing::No => {
            let (token, seconds) = clouds.tokens.issue(TokenSource::Metadata, "", google_token);
            let body = json!({"access_token": token, "expires_in": seconds, "token_type": "Bearer"});
            Outcome::new("metadata-flavor", reply(Reply::json(StatusCode::OK, &body)))
        }
    }
}
