import { spawnSync } from 'node:child_process'
import type { Program } from '../helpers/programs.js'

const MODULES = 'django, channels, channels_redis, daphne, psycopg2'

/** Django, Channels and Daphne as Debian has them: what the packages install is imported, not what a virtualenv has. */
export const DJANGO: Program = {
  name: 'Django with Channels and Daphne',
  commands: [],
  paths: ['/usr/bin/python3'],
  isUsable: (python) => spawnSync(python, ['-c', `import ${MODULES}`], { env: siteEnv() }).status === 0,
  apt: {
    debian: 'python3-django python3-django-channels python3-channels-redis daphne python3-psycopg2',
    ubuntu: 'python3-django python3-django-channels python3-channels-redis daphne python3-psycopg2',
  },
  remedy: {
    darwin: 'run these tests on Debian, in a container',
    other: 'install django, channels, channels-redis, daphne and psycopg2 for /usr/bin/python3',
  },
}

/** PYTHONPATH of another version of Django, which `npm run test:django` unpacks; unset: Debian's own. */
export function siteEnv(): Record<string, string> {
  const { PATH = '', HOUSELIGHTS_DJANGO_PATH: other } = process.env
  return {
    PATH,
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUNBUFFERED: '1',
    ...(other ? { PYTHONPATH: other } : {}),
  }
}
