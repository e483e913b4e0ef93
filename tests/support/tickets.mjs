// Tickets (src/ticket/ticket.h) that the service did not hand out, or not so: opened and sealed with its own master key, so that only one
// thing is wrong with them.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

function keyOf(folder, id) {
  const master = Buffer.from(readFileSync(path.join(folder, 'postern-master-key'), 'utf8').trim(), 'base64url');
  return createHmac('sha256', Buffer.from(hkdfSync('sha256', master, '', 'tickets', 32))).update(id).digest();
}

export function openTicket(folder, text, purpose = 'second_step') {
  const id = Buffer.from(text.slice(0, 22), 'base64url');
  const box = Buffer.from(text.slice(22), 'base64url');
  const cipher = createDecipheriv('aes-256-gcm', keyOf(folder, id), box.subarray(0, 12));
  cipher.setAAD(Buffer.from(`ticket ${purpose}`));
  cipher.setAuthTag(box.subarray(-16));
  const plain = Buffer.concat([cipher.update(box.subarray(12, -16)), cipher.final()]);
  const [user, version, expires, epoch] = [0, 8, 16, 24].map((at) => plain.readBigInt64BE(at));
  const session = plain.subarray(33, 33 + plain[32]).toString();
  return { id, user, version, expires, epoch, session, data: plain.subarray(33 + plain[32]) };
}

export function sealTicket(folder, ticket, purpose = 'second_step') {
  const { id = randomBytes(16), user, version, expires, epoch, session = '', data } = ticket;
  const head = Buffer.alloc(33);
  [user, version, expires, epoch].forEach((number, i) => head.writeBigInt64BE(number, 8 * i));
  head[32] = session.length;
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(folder, id), nonce);
  cipher.setAAD(Buffer.from(`ticket ${purpose}`));
  const sealed = Buffer.concat([cipher.update(Buffer.concat([head, Buffer.from(session), data])), cipher.final(), cipher.getAuthTag()]);
  return id.toString('base64url') + Buffer.concat([nonce, sealed]).toString('base64url');
}

// As it will be when so many seconds have gone by.
export function agedTicket(folder, text, purpose, seconds) {
  const ticket = openTicket(folder, text, purpose);
  return sealTicket(folder, { ...ticket, expires: ticket.expires - BigInt(seconds) * 1000000n }, purpose);
}
