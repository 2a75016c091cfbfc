//! The configuration that a learning management system imports.

use actix_web::{HttpResponse, web};
use quick_xml::escape::escape;
use serde::Deserialize;

use super::Site;

/// How large a window the platform opens, in pixels, where it opens one.
const WIDTH: u16 = 800;
const HEIGHT: u16 = 900;

/// What an administrator may choose in the address.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    /// What the platform tells of people: `anonymous` or `name_only`; anything else is the former.
    #[serde(default)]
    privacy: String,
    /// The lesson of all launches of this tool; empty: the one of the settings.
    #[serde(default)]
    lesson: String,
}

/// `GET /lti/config.xml`: what an administrator would otherwise type, without key and secret.
pub(super) async fn config_xml(
    site: web::Data<Site>,
    wanted: Option<web::Query<Wanted>>,
) -> HttpResponse {
    let config = &site.config;
    let wanted = wanted.map(web::Query::into_inner).unwrap_or_default();
    let launch_url = config.public_url.as_str();
    let icon = config.public_url.join("static/otrbot.svg").map(String::from).unwrap_or_default();
    let domain = config.public_url.host_str().unwrap_or_default();
    let privacy = if wanted.privacy == "name_only" { "name_only" } else { "anonymous" };
    let is_name = !wanted.lesson.is_empty()
        && wanted.lesson.len() <= 100
        && wanted.lesson.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let lesson = if is_name {
        format!("\n    <lticm:property name=\"lesson\">{}</lticm:property>", escape(&wanted.lesson))
    } else {
        String::new()
    };
    let body = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<cartridge_basiclti_link xmlns="http://www.imsglobal.org/xsd/imslticc_v1p0"
    xmlns:blti="http://www.imsglobal.org/xsd/imsbasiclti_v1p0"
    xmlns:lticm="http://www.imsglobal.org/xsd/imslticm_v1p0"
    xmlns:lticp="http://www.imsglobal.org/xsd/imslticp_v1p0"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.imsglobal.org/xsd/imslticc_v1p0 http://www.imsglobal.org/xsd/lti/ltiv1p0/imslticc_v1p0.xsd http://www.imsglobal.org/xsd/imsbasiclti_v1p0 http://www.imsglobal.org/xsd/lti/ltiv1p0/imsbasiclti_v1p0.xsd http://www.imsglobal.org/xsd/imslticm_v1p0 http://www.imsglobal.org/xsd/lti/ltiv1p0/imslticm_v1p0.xsd http://www.imsglobal.org/xsd/imslticp_v1p0 http://www.imsglobal.org/xsd/lti/ltiv1p0/imslticp_v1p0.xsd">
  <blti:title>{title}</blti:title>
  <blti:description>{description}</blti:description>
  <blti:icon>{icon}</blti:icon>
  <blti:launch_url>{launch_url}</blti:launch_url>
  <blti:custom>
    <lticm:property name="brand">$com.instructure.brandConfigJSON</lticm:property>
    <lticm:property name="high_contrast">$Canvas.user.prefersHighContrast</lticm:property>
    <lticm:property name="tz">$Person.address.timezone</lticm:property>{lesson}
  </blti:custom>
  <blti:extensions platform="canvas.instructure.com">
    <lticm:property name="tool_id">otrbot</lticm:property>
    <lticm:property name="privacy_level">{privacy}</lticm:property>
    <lticm:property name="domain">{domain}</lticm:property>
    <lticm:property name="selection_width">{WIDTH}</lticm:property>
    <lticm:property name="selection_height">{HEIGHT}</lticm:property>
  </blti:extensions>
  <blti:vendor>
    <lticp:code>otrbot</lticp:code>
    <lticp:name>{vendor}</lticp:name>
  </blti:vendor>
</cartridge_basiclti_link>
"#,
        title = escape(&config.bot_title),
        description = escape(&config.bot_description),
        icon = escape(&icon),
        launch_url = escape(launch_url),
        domain = escape(domain),
        vendor = escape(&config.project_name),
    );
    HttpResponse::Ok().content_type("application/xml; charset=utf-8").body(body)
}
