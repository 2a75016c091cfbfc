//! The configuration that a learning management system imports.

use actix_web::{HttpResponse, web};
use quick_xml::escape::escape;

use super::Site;

/// `GET /lti/config.xml`: what an administrator would otherwise type, without key and secret.
pub(super) async fn config_xml(site: web::Data<Site>) -> HttpResponse {
    let config = &site.config;
    let launch_url = config.public_url.as_str();
    let domain = config.public_url.host_str().unwrap_or_default();
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
  <blti:launch_url>{launch_url}</blti:launch_url>
  <blti:extensions platform="canvas.instructure.com">
    <lticm:property name="tool_id">otrbot</lticm:property>
    <lticm:property name="privacy_level">anonymous</lticm:property>
    <lticm:property name="domain">{domain}</lticm:property>
  </blti:extensions>
  <blti:vendor>
    <lticp:code>otrbot</lticp:code>
    <lticp:name>{vendor}</lticp:name>
  </blti:vendor>
</cartridge_basiclti_link>
"#,
        title = escape(&config.bot_title),
        description = escape(&config.bot_description),
        launch_url = escape(launch_url),
        domain = escape(domain),
        vendor = escape(&config.project_name),
    );
    HttpResponse::Ok().content_type("application/xml; charset=utf-8").body(body)
}
