// What the JSON gateway knows of the interface files in ../../protos: not read at run time, since they are no part of the
// package, but compared with them by interface.test.ts, which prints what should be here.

/** Path of the gateway, gRPC method, messages of request and response; `etcdserverpb` where no package is named. */
export const routesText = `
/v3/kv/range etcdserverpb.KV/Range RangeRequest RangeResponse
/v3/kv/put etcdserverpb.KV/Put PutRequest PutResponse
/v3/kv/deleterange etcdserverpb.KV/DeleteRange DeleteRangeRequest DeleteRangeResponse
/v3/kv/txn etcdserverpb.KV/Txn TxnRequest TxnResponse
/v3/kv/compaction etcdserverpb.KV/Compact CompactionRequest CompactionResponse
/v3/watch etcdserverpb.Watch/Watch WatchRequest WatchResponse
/v3/lease/grant etcdserverpb.Lease/LeaseGrant LeaseGrantRequest LeaseGrantResponse
/v3/lease/revoke etcdserverpb.Lease/LeaseRevoke LeaseRevokeRequest LeaseRevokeResponse
/v3/kv/lease/revoke etcdserverpb.Lease/LeaseRevoke LeaseRevokeRequest LeaseRevokeResponse
/v3/lease/keepalive etcdserverpb.Lease/LeaseKeepAlive LeaseKeepAliveRequest LeaseKeepAliveResponse
/v3/lease/timetolive etcdserverpb.Lease/LeaseTimeToLive LeaseTimeToLiveRequest LeaseTimeToLiveResponse
/v3/kv/lease/timetolive etcdserverpb.Lease/LeaseTimeToLive LeaseTimeToLiveRequest LeaseTimeToLiveResponse
/v3/lease/leases etcdserverpb.Lease/LeaseLeases LeaseLeasesRequest LeaseLeasesResponse
/v3/kv/lease/leases etcdserverpb.Lease/LeaseLeases LeaseLeasesRequest LeaseLeasesResponse
/v3/cluster/member/add etcdserverpb.Cluster/MemberAdd MemberAddRequest MemberAddResponse
/v3/cluster/member/remove etcdserverpb.Cluster/MemberRemove MemberRemoveRequest MemberRemoveResponse
/v3/cluster/member/update etcdserverpb.Cluster/MemberUpdate MemberUpdateRequest MemberUpdateResponse
/v3/cluster/member/list etcdserverpb.Cluster/MemberList MemberListRequest MemberListResponse
/v3/cluster/member/promote etcdserverpb.Cluster/MemberPromote MemberPromoteRequest MemberPromoteResponse
/v3/maintenance/alarm etcdserverpb.Maintenance/Alarm AlarmRequest AlarmResponse
/v3/maintenance/status etcdserverpb.Maintenance/Status StatusRequest StatusResponse
/v3/maintenance/defragment etcdserverpb.Maintenance/Defragment DefragmentRequest DefragmentResponse
/v3/maintenance/hash etcdserverpb.Maintenance/Hash HashRequest HashResponse
/v3/maintenance/hashkv etcdserverpb.Maintenance/HashKV HashKVRequest HashKVResponse
/v3/maintenance/snapshot etcdserverpb.Maintenance/Snapshot SnapshotRequest SnapshotResponse
/v3/maintenance/transfer-leadership etcdserverpb.Maintenance/MoveLeader MoveLeaderRequest MoveLeaderResponse
/v3/maintenance/downgrade etcdserverpb.Maintenance/Downgrade DowngradeRequest DowngradeResponse
/v3/auth/enable etcdserverpb.Auth/AuthEnable AuthEnableRequest AuthEnableResponse
/v3/auth/disable etcdserverpb.Auth/AuthDisable AuthDisableRequest AuthDisableResponse
/v3/auth/status etcdserverpb.Auth/AuthStatus AuthStatusRequest AuthStatusResponse
/v3/auth/authenticate etcdserverpb.Auth/Authenticate AuthenticateRequest AuthenticateResponse
/v3/auth/user/add etcdserverpb.Auth/UserAdd AuthUserAddRequest AuthUserAddResponse
/v3/auth/user/get etcdserverpb.Auth/UserGet AuthUserGetRequest AuthUserGetResponse
/v3/auth/user/list etcdserverpb.Auth/UserList AuthUserListRequest AuthUserListResponse
/v3/auth/user/delete etcdserverpb.Auth/UserDelete AuthUserDeleteRequest AuthUserDeleteResponse
/v3/auth/user/changepw etcdserverpb.Auth/UserChangePassword AuthUserChangePasswordRequest AuthUserChangePasswordResponse
/v3/auth/user/grant etcdserverpb.Auth/UserGrantRole AuthUserGrantRoleRequest AuthUserGrantRoleResponse
/v3/auth/user/revoke etcdserverpb.Auth/UserRevokeRole AuthUserRevokeRoleRequest AuthUserRevokeRoleResponse
/v3/auth/role/add etcdserverpb.Auth/RoleAdd AuthRoleAddRequest AuthRoleAddResponse
/v3/auth/role/get etcdserverpb.Auth/RoleGet AuthRoleGetRequest AuthRoleGetResponse
/v3/auth/role/list etcdserverpb.Auth/RoleList AuthRoleListRequest AuthRoleListResponse
/v3/auth/role/delete etcdserverpb.Auth/RoleDelete AuthRoleDeleteRequest AuthRoleDeleteResponse
/v3/auth/role/grant etcdserverpb.Auth/RoleGrantPermission AuthRoleGrantPermissionRequest AuthRoleGrantPermissionResponse
/v3/auth/role/revoke etcdserverpb.Auth/RoleRevokePermission AuthRoleRevokePermissionRequest AuthRoleRevokePermissionResponse
/v3/lock/lock v3lockpb.Lock/Lock v3lockpb.LockRequest v3lockpb.LockResponse
/v3/lock/unlock v3lockpb.Lock/Unlock v3lockpb.UnlockRequest v3lockpb.UnlockResponse
/v3/election/campaign v3electionpb.Election/Campaign v3electionpb.CampaignRequest v3electionpb.CampaignResponse
/v3/election/proclaim v3electionpb.Election/Proclaim v3electionpb.ProclaimRequest v3electionpb.ProclaimResponse
/v3/election/leader v3electionpb.Election/Leader v3electionpb.LeaderRequest v3electionpb.LeaderResponse
/v3/election/observe v3electionpb.Election/Observe v3electionpb.LeaderRequest v3electionpb.LeaderResponse
/v3/election/resign v3electionpb.Election/Resign v3electionpb.ResignRequest v3electionpb.ResignResponse
`

/** A message and its fields, `name:type=number`; `*` before the type: repeated; `/name` behind it: one of a oneof. */
export const messagesText = `
RangeRequest key:bytes=1 range_end:bytes=2 limit:int64=3 revision:int64=4 sort_order:RangeRequest.SortOrder=5 sort_target:RangeRequest.SortTarget=6 serializable:bool=7 keys_only:bool=8 count_only:bool=9 min_mod_revision:int64=10 max_mod_revision:int64=11 min_create_revision:int64=12 max_create_revision:int64=13
RangeResponse header:ResponseHeader=1 kvs:*mvccpb.KeyValue=2 more:bool=3 count:int64=4
ResponseHeader cluster_id:uint64=1 member_id:uint64=2 revision:int64=3 raft_term:uint64=4
mvccpb.KeyValue key:bytes=1 create_revision:int64=2 mod_revision:int64=3 version:int64=4 value:bytes=5 lease:int64=6
PutRequest key:bytes=1 value:bytes=2 lease:int64=3 prev_kv:bool=4 ignore_value:bool=5 ignore_lease:bool=6
PutResponse header:ResponseHeader=1 prev_kv:mvccpb.KeyValue=2
DeleteRangeRequest key:bytes=1 range_end:bytes=2 prev_kv:bool=3
DeleteRangeResponse header:ResponseHeader=1 deleted:int64=2 prev_kvs:*mvccpb.KeyValue=3
TxnRequest compare:*Compare=1 success:*RequestOp=2 failure:*RequestOp=3
Compare result:Compare.CompareResult=1 target:Compare.CompareTarget=2 key:bytes=3 version:int64=4/target_union create_revision:int64=5/target_union mod_revision:int64=6/target_union value:bytes=7/target_union lease:int64=8/target_union range_end:bytes=64
RequestOp request_range:RangeRequest=1/request request_put:PutRequest=2/request request_delete_range:DeleteRangeRequest=3/request request_txn:TxnRequest=4/request
TxnResponse header:ResponseHeader=1 succeeded:bool=2 responses:*ResponseOp=3
ResponseOp response_range:RangeResponse=1/response response_put:PutResponse=2/response response_delete_range:DeleteRangeResponse=3/response response_txn:TxnResponse=4/response
CompactionRequest revision:int64=1 physical:bool=2
CompactionResponse header:ResponseHeader=1
WatchRequest create_request:WatchCreateRequest=1/request_union cancel_request:WatchCancelRequest=2/request_union progress_request:WatchProgressRequest=3/request_union
WatchCreateRequest key:bytes=1 range_end:bytes=2 start_revision:int64=3 progress_notify:bool=4 filters:*WatchCreateRequest.FilterType=5 prev_kv:bool=6 watch_id:int64=7 fragment:bool=8
WatchCancelRequest watch_id:int64=1
WatchProgressRequest
WatchResponse header:ResponseHeader=1 watch_id:int64=2 created:bool=3 canceled:bool=4 compact_revision:int64=5 cancel_reason:string=6 fragment:bool=7 events:*mvccpb.Event=11
mvccpb.Event type:mvccpb.Event.EventType=1 kv:mvccpb.KeyValue=2 prev_kv:mvccpb.KeyValue=3
LeaseGrantRequest TTL:int64=1 ID:int64=2
LeaseGrantResponse header:ResponseHeader=1 ID:int64=2 TTL:int64=3 error:string=4
LeaseRevokeRequest ID:int64=1
LeaseRevokeResponse header:ResponseHeader=1
LeaseKeepAliveRequest ID:int64=1
LeaseKeepAliveResponse header:ResponseHeader=1 ID:int64=2 TTL:int64=3
LeaseTimeToLiveRequest ID:int64=1 keys:bool=2
LeaseTimeToLiveResponse header:ResponseHeader=1 ID:int64=2 TTL:int64=3 grantedTTL:int64=4 keys:*bytes=5
LeaseLeasesRequest
LeaseLeasesResponse header:ResponseHeader=1 leases:*LeaseStatus=2
LeaseStatus ID:int64=1
MemberAddRequest peerURLs:*string=1 isLearner:bool=2
MemberAddResponse header:ResponseHeader=1 member:Member=2 members:*Member=3
Member ID:uint64=1 name:string=2 peerURLs:*string=3 clientURLs:*string=4 isLearner:bool=5
MemberRemoveRequest ID:uint64=1
MemberRemoveResponse header:ResponseHeader=1 members:*Member=2
MemberUpdateRequest ID:uint64=1 peerURLs:*string=2
MemberUpdateResponse header:ResponseHeader=1 members:*Member=2
MemberListRequest linearizable:bool=1
MemberListResponse header:ResponseHeader=1 members:*Member=2
MemberPromoteRequest ID:uint64=1
MemberPromoteResponse header:ResponseHeader=1 members:*Member=2
AlarmRequest action:AlarmRequest.AlarmAction=1 memberID:uint64=2 alarm:AlarmType=3
AlarmResponse header:ResponseHeader=1 alarms:*AlarmMember=2
AlarmMember memberID:uint64=1 alarm:AlarmType=2
StatusRequest
StatusResponse header:ResponseHeader=1 version:string=2 dbSize:int64=3 leader:uint64=4 raftIndex:uint64=5 raftTerm:uint64=6 raftAppliedIndex:uint64=7 errors:*string=8 dbSizeInUse:int64=9 isLearner:bool=10 storageVersion:string=11 dbSizeQuota:int64=12 downgradeInfo:DowngradeInfo=13
DowngradeInfo enabled:bool=1 targetVersion:string=2
DefragmentRequest
DefragmentResponse header:ResponseHeader=1
HashRequest
HashResponse header:ResponseHeader=1 hash:uint32=2
HashKVRequest revision:int64=1
HashKVResponse header:ResponseHeader=1 hash:uint32=2 compact_revision:int64=3 hash_revision:int64=4
SnapshotRequest
SnapshotResponse header:ResponseHeader=1 remaining_bytes:uint64=2 blob:bytes=3 version:string=4
MoveLeaderRequest targetID:uint64=1
MoveLeaderResponse header:ResponseHeader=1
DowngradeRequest action:DowngradeRequest.DowngradeAction=1 version:string=2
DowngradeResponse header:ResponseHeader=1 version:string=2
AuthEnableRequest
AuthEnableResponse header:ResponseHeader=1
AuthDisableRequest
AuthDisableResponse header:ResponseHeader=1
AuthStatusRequest
AuthStatusResponse header:ResponseHeader=1 enabled:bool=2 authRevision:uint64=3
AuthenticateRequest name:string=1 password:string=2
AuthenticateResponse header:ResponseHeader=1 token:string=2
AuthUserAddRequest name:string=1 password:string=2 options:authpb.UserAddOptions=3 hashedPassword:string=4
authpb.UserAddOptions no_password:bool=1
AuthUserAddResponse header:ResponseHeader=1
AuthUserGetRequest name:string=1
AuthUserGetResponse header:ResponseHeader=1 roles:*string=2
AuthUserListRequest
AuthUserListResponse header:ResponseHeader=1 users:*string=2
AuthUserDeleteRequest name:string=1
AuthUserDeleteResponse header:ResponseHeader=1
AuthUserChangePasswordRequest name:string=1 password:string=2 hashedPassword:string=3
AuthUserChangePasswordResponse header:ResponseHeader=1
AuthUserGrantRoleRequest user:string=1 role:string=2
AuthUserGrantRoleResponse header:ResponseHeader=1
AuthUserRevokeRoleRequest name:string=1 role:string=2
AuthUserRevokeRoleResponse header:ResponseHeader=1
AuthRoleAddRequest name:string=1
AuthRoleAddResponse header:ResponseHeader=1
AuthRoleGetRequest role:string=1
AuthRoleGetResponse header:ResponseHeader=1 perm:*authpb.Permission=2
authpb.Permission permType:authpb.Permission.Type=1 key:bytes=2 range_end:bytes=3
AuthRoleListRequest
AuthRoleListResponse header:ResponseHeader=1 roles:*string=2
AuthRoleDeleteRequest role:string=1
AuthRoleDeleteResponse header:ResponseHeader=1
AuthRoleGrantPermissionRequest name:string=1 perm:authpb.Permission=2
AuthRoleGrantPermissionResponse header:ResponseHeader=1
AuthRoleRevokePermissionRequest role:string=1 key:bytes=2 range_end:bytes=3
AuthRoleRevokePermissionResponse header:ResponseHeader=1
v3lockpb.LockRequest name:bytes=1 lease:int64=2
v3lockpb.LockResponse header:ResponseHeader=1 key:bytes=2
v3lockpb.UnlockRequest key:bytes=1
v3lockpb.UnlockResponse header:ResponseHeader=1
v3electionpb.CampaignRequest name:bytes=1 lease:int64=2 value:bytes=3
v3electionpb.CampaignResponse header:ResponseHeader=1 leader:v3electionpb.LeaderKey=2
v3electionpb.LeaderKey name:bytes=1 key:bytes=2 rev:int64=3 lease:int64=4
v3electionpb.ProclaimRequest leader:v3electionpb.LeaderKey=1 value:bytes=2
v3electionpb.ProclaimResponse header:ResponseHeader=1
v3electionpb.LeaderRequest name:bytes=1
v3electionpb.LeaderResponse header:ResponseHeader=1 kv:mvccpb.KeyValue=2
v3electionpb.ResignRequest leader:v3electionpb.LeaderKey=1
v3electionpb.ResignResponse header:ResponseHeader=1
`

/** An enum and its values. */
export const enumsText = `
RangeRequest.SortOrder NONE=0 ASCEND=1 DESCEND=2
RangeRequest.SortTarget KEY=0 VERSION=1 CREATE=2 MOD=3 VALUE=4
Compare.CompareResult EQUAL=0 GREATER=1 LESS=2 NOT_EQUAL=3
Compare.CompareTarget VERSION=0 CREATE=1 MOD=2 VALUE=3 LEASE=4
WatchCreateRequest.FilterType NOPUT=0 NODELETE=1
mvccpb.Event.EventType PUT=0 DELETE=1
AlarmRequest.AlarmAction GET=0 ACTIVATE=1 DEACTIVATE=2
AlarmType NONE=0 NOSPACE=1 CORRUPT=2
DowngradeRequest.DowngradeAction VALIDATE=0 ENABLE=1 CANCEL=2
authpb.Permission.Type READ=0 WRITE=1 READWRITE=2
`
