import { createHash } from 'node:crypto'
import sharp from 'sharp'
import t from 'tap'
import { loadDemoData, writeDemoData } from '../../src/demo-data.js'
import { contextOn, logIn } from '../helpers/accounts.js'
import { testDatabase } from '../helpers/database.js'
import { DEMO_PASSWORD } from '../helpers/sign-in.js'

t.test('loads the documented theatres and seats, also concurrently', async (t) => {
  const { db, url } = await testDatabase(t)
  // an earlier load that failed may have used up ids
  await db.$queryRaw`SELECT nextval('theatres_id_seq')::int`
  await Promise.all([loadDemoData(url), loadDemoData(url)])
  const theatres = await db.theatre.findMany({
    orderBy: { id: 'asc' },
    include: { halls: { include: { seats: { orderBy: { id: 'asc' } } } }, menuItems: true },
  })
  t.match(theatres, [
    { id: 1, name: 'Grand Cinema', halls: [{ name: 'Screen 1' }] },
    { id: 2, name: 'Riverside', halls: [{ name: 'Screen 2' }] },
  ])
  const [grand, riverside] = theatres.map(({ halls }) => halls[0]?.seats ?? [])
  t.equal(grand?.length, 50)
  t.match(grand?.[0], { name: 'A1', token: 'demo-a1' })
  t.match(grand?.at(-1), { name: 'E10', token: 'demo-e10' })
  t.same(
    riverside?.map(({ name, token }) => [name, token]),
    ['1', '2', '3', '4', '5'].map((n) => [`A${n}`, `demo2-a${n}`]),
  )
  t.ok((theatres[0]?.menuItems.length ?? 0) >= 8)
  const next = await db.theatre.create({ data: { name: 'Third', timeZone: 'UTC', maxTime: 9, minTime: 1 } })
  t.equal(next.id, 3)
})

t.test('each item has a picture of its own, as it is said to be', async (t) => {
  const { db } = await testDatabase(t, { demo: true })
  const items = await db.menuItem.findMany({ include: { picture: true } })
  t.ok(items.length >= 14)
  for (const { name, picture } of items) {
    const found = picture && (await sharp(picture.bytes).metadata())
    t.match(found, { format: 'webp', width: picture?.width, height: picture?.height }, name)
    t.ok(picture && picture.bytes.length < 8000, 'small enough for a slow network')
    t.equal(
      picture?.sha256,
      createHash('sha256')
        .update(picture?.bytes ?? '')
        .digest('hex'),
    )
  }
})

t.test('demo accounts get no access to an owner’s theatre 1', async (t) => {
  const { db } = await testDatabase(t)
  const own = await db.theatre.create({ data: { name: 'Own', timeZone: 'UTC', maxTime: 9, minTime: 1 } })
  t.equal(own.id, 1)
  await writeDemoData(db)
  t.equal(await db.staffTheatre.count({ where: { theatreId: own.id } }), 0)
  const memberships = await db.staffTheatre.findMany({ select: { theatre: { select: { name: true } } } })
  t.notMatch(JSON.stringify(memberships), /Own/)
})

t.test('the demo accounts can sign in', async (t) => {
  const { db } = await testDatabase(t, { demo: true })
  const signIn = (username: string) => logIn(contextOn(db), username, { password: DEMO_PASSWORD })
  t.match((await signIn('staff')).caller.principal, { role: 'staff', theatres: [{ id: 1, manager: false }] })
  t.match((await signIn('manager')).caller.principal, { role: 'staff', theatres: [{ id: 1, manager: true }] })
  t.match((await signIn('staff2')).caller.principal, { role: 'staff', theatres: [{ id: 2 }] })
  t.match((await signIn('admin')).caller.principal, { role: 'admin' })
})

t.test('loading again restores what is missing and changes nothing else', async (t) => {
  const { db } = await testDatabase(t, { demo: true })
  await db.menuItem.updateMany({ data: { available: false } })
  await db.user.update({ where: { username: 'staff' }, data: { isActive: false } })
  await writeDemoData(db)
  t.equal(await db.menuItem.count({ where: { available: true } }), 0)
  await db.user.delete({ where: { username: 'staff2' } })
  await writeDemoData(db)
  t.match(await db.user.findMany({ orderBy: { username: 'asc' } }), [
    { username: 'admin' },
    { username: 'manager' },
    { username: 'staff', isActive: false },
    { username: 'staff2', isActive: true },
  ])
  t.equal(await db.theatre.count(), 2)
})
