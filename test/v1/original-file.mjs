/** The configuration file of a scripted original. */
import { isPrivate } from './original-words.mjs';

/** What an original exports of itself, its fields in its order. */
export function toFile(original) {
  const NodeMap = original.peers.map((peer) => ({
    UUID: peer.name,
    IpAddr: peer.ip,
    Port: peer.port,
    RESTfulInterface: peer.path,
    ReflectedIP: isPrivate(peer.reflected) ? '' : peer.reflected,
    ReflectedPrivateIP: isPrivate(peer.reflected) ? peer.reflected : '',
    RequireHTTPS: peer.https,
    SendTotpSecret: peer.send,
  }));
  const pairs = [...original.secrets];
  const seconds = Math.floor(original.now / 1000);
  return {
    NodeMap,
    TOTPMap: pairs.map(([RemoteUUID, RecvTOTPSecret]) => ({ RemoteUUID, RecvTOTPSecret })),
    Options: {
      DeviceUUID: original.options.name,
      SyncInterval: original.options.interval,
      Verbal: original.options.verbal,
    },
    DeviceIpAddr: original.own,
    LastIpUpdateTime: seconds,
    LastSyncTime: seconds,
    ConnectionRetryWaitTimeMin: 10,
    ConnectionRetryWaitTimeMax: 120,
  };
}

/** Carries on from a file; logins are not part of it. */
export function restore(original, file) {
  original.options.name = file.Options.DeviceUUID;
  original.options.interval = file.Options.SyncInterval;
  original.options.verbal = file.Options.Verbal;
  original.own = file.DeviceIpAddr;
  for (const node of file.NodeMap) {
    const { UUID: name, IpAddr: ip, Port: port, RESTfulInterface: path } = node;
    original.add({ name, ip, port, path, https: node.RequireHTTPS });
    const peer = original.peer(name);
    peer.send = node.SendTotpSecret;
    peer.reflected = node.ReflectedIP === '' ? node.ReflectedPrivateIP : node.ReflectedIP;
  }
  for (const { RemoteUUID, RecvTOTPSecret } of file.TOTPMap) {
    original.secrets.set(RemoteUUID, RecvTOTPSecret);
  }
}
