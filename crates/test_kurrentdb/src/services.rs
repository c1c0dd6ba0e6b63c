//! The small services that a client asks when it connects: what the server can do, and who is in the cluster.

use std::net::SocketAddr;

use tonic::{Request, Response, Status};

use crate::protocol::event_store::client::Empty;
use crate::protocol::event_store::client::gossip::gossip_server::Gossip;
use crate::protocol::event_store::client::gossip::member_info::VNodeState;
use crate::protocol::event_store::client::gossip::{ClusterInfo, EndPoint, MemberInfo};
use crate::protocol::event_store::client::server_features::server_features_server::ServerFeatures;
use crate::protocol::event_store::client::server_features::{SupportedMethod, SupportedMethods};

/// The version it says it is.
const VERSION: &str = "25.0.0";

/// Answers what the server can do: reading and appending.
#[derive(Debug)]
pub(crate) struct Features;

#[tonic::async_trait]
impl ServerFeatures for Features {
    async fn get_supported_methods(&self, _: Request<Empty>) -> Result<Response<SupportedMethods>, Status> {
        let method = |name: &str| SupportedMethod {
            method_name: name.to_owned(),
            service_name: "event_store.client.streams.streams".to_owned(),
            features: Vec::new(),
        };
        let methods = vec![method("read"), method("append")];
        Ok(Response::new(SupportedMethods { methods, event_store_server_version: VERSION.to_owned() }))
    }
}

/// A cluster of one, who leads.
#[derive(Debug)]
pub(crate) struct OneMember(pub(crate) SocketAddr);

#[tonic::async_trait]
impl Gossip for OneMember {
    async fn read(&self, _: Request<Empty>) -> Result<Response<ClusterInfo>, Status> {
        let member = MemberInfo {
            instance_id: None,
            time_stamp: 0,
            state: VNodeState::Leader.into(),
            is_alive: true,
            http_end_point: Some(EndPoint { address: self.0.ip().to_string(), port: self.0.port().into() }),
        };
        Ok(Response::new(ClusterInfo { members: vec![member] }))
    }
}
