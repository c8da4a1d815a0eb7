import t from 'tap'
import { isPrivateHost } from '../../web/lib/private-host.js'

t.test('hosts that a phone on the internet can’t reach', async (t) => {
  for (const host of [
    'localhost',
    'orders.localhost',
    'kitchen',
    'kitchen.local',
    'kitchen.LOCAL.',
    'orders.lan',
    'orders.home.arpa',
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.1',
    '192.168.1.5',
    '169.254.1.1',
    '100.64.0.1',
    '[::1]',
    '[::]',
    '[::ffff:7f00:1]',
    '[fd12:3456::1]',
    '[fe80::1]',
  ])
    t.ok(isPrivateHost(host), host)
})

t.test('hosts that it may reach', async (t) => {
  for (const host of [
    'order.example.com',
    'localhost.example.com',
    'lan.example.com',
    '10.example.com',
    '172.15.0.1',
    '172.32.0.1',
    '192.169.1.1',
    '100.128.0.1',
    '11.0.0.1',
    '[2001:db8::1]',
    '[2606:4700::1111]',
  ])
    t.notOk(isPrivateHost(host), host)
})
