//! Not built yet.

mod inspect;

use std::sync::Arc;

use http::{Response, StatusCode};

use super::facade::{Facade, Request};
use super::ground::Ground;
use super::options::{FacadeOption, OptionError};
use super::reply;
use crate::http::body::Body;

pub(super) const OPTIONS: &[FacadeOption] = &[];

pub(super) fn open(ground: Ground) -> Result<Arc<dyn Facade>, OptionError> {
    Ok(Arc::new(GeoLens { ground }))
}

struct GeoLens {
    ground: Ground,
}

#[async_trait::async_trait]
impl Facade for GeoLens {
    async fn handle(&self, _request: Request) -> Response<Body> {
        tracing::debug!(now = self.ground.now().millis(), "nothing yet");
        reply::empty(StatusCode::NOT_FOUND)
    }

    fn internal_error(&self) -> Response<Body> {
        reply::empty(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
