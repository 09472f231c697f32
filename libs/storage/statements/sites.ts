import { Site } from '../entities/site.ts';
import type { Row } from '../entities/row.ts';
import type { Connection } from '../connection.ts';

/** Lets a site in under its key; answers the site of that name as it is recorded, which may have been let in before. */
export async function addSite(db: Connection, site: Row<Site>): Promise<Site> {
  await db
    .createQueryBuilder()
    .insert()
    .into(Site)
    .values({ ...site })
    .orIgnore()
    .updateEntity(false)
    .execute();
  return db.findOneByOrFail(Site, { name: site.name });
}

export async function findSite(db: Connection, name: string): Promise<Site | undefined> {
  return (await db.findOneBy(Site, { name })) ?? undefined;
}

/** The sites that are let in, by name. */
export function listSites(db: Connection): Promise<Site[]> {
  return db.find(Site, { order: { name: 'ASC' } });
}

/** How many are let in: none is ever taken away. */
export function countSites(db: Connection): Promise<number> {
  return db.count(Site);
}
