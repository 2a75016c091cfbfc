//! What a page that is open asks for from time to time: how far the learner is now.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{
    Site,
    error::Failure,
    launch::{finish, open_page, read},
    pages::LivePage,
    show::is_done,
};

/// The name of the field that says which page asks.
const PAGE_FIELD: &str = "page";

/// `POST /status`: the parts of a page that change, as a fragment of HTML.
pub(super) async fn status(
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    finish(&site, &request, answer(&site, &request, payload).await).await
}

async fn answer(
    site: &Site,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let form = read(site, request, payload).await?;
    let view = open_page(site, request, &form).await?;
    let page = form.field(PAGE_FIELD).and_then(LivePage::of_name);
    let fitting = if is_done(&view) { LivePage::Grade } else { LivePage::Chat };
    let page = page.unwrap_or(fitting);
    Ok(site.show_status(request, &view, page))
}
