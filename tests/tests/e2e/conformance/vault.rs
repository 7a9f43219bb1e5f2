//! The vault's rows outside commits.

use application::ports::vault::{Place, Record, SecretRow};
use domain::{
    Timestamp,
    ids::{AttemptId, GrantId, TenantId},
};
use grantlink_tests::conformance::{Database, Draft, id, row, tenant};

grantlink_tests::on_both_databases!(
    a_row_is_put_read_replaced_and_deleted,
    a_place_is_one_tenants_alone,
    the_others_of_a_kind_are_deleted_in_one_tenant,
    the_rows_of_an_account_are_counted_across_tenants,
);

fn placed(tenant: TenantId, record: Record, sealed: &[u8]) -> SecretRow {
    SecretRow {
        place: Place { tenant, record },
        ..row(tenant, sealed)
    }
}

async fn a_row_is_put_read_replaced_and_deleted(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let mut row = placed(tenant(), Record::PendingCredential(AttemptId(id())), &[0, 255, 7]);
    row.account_key = Some([5; 32]);
    row.created_at = Timestamp::from_timestamp_micros(1_764_547_200_000_001).unwrap_or_default();
    assert!(stores.vault.get(&row.place).await?.is_none());

    stores.vault.put(row.clone()).await?;
    let found = stores.vault.get(&row.place).await?;
    assert_eq!(found.map(|row| (row.sealed, row.account_key, row.created_at)), {
        Some((row.sealed.clone(), row.account_key, row.created_at))
    });

    row.sealed = b"newer".to_vec();
    row.account_key = None;
    stores.vault.put(row.clone()).await?;
    let found = stores.vault.get(&row.place).await?;
    assert_eq!(
        found.map(|row| (row.sealed, row.account_key)),
        Some((b"newer".to_vec(), None))
    );

    stores.vault.delete(&row.place).await?;
    stores.vault.delete(&row.place).await?;
    assert!(stores.vault.get(&row.place).await?.is_none());
    Ok(())
}

async fn a_place_is_one_tenants_alone(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (ours, theirs) = (tenant(), tenant());
    let record = Record::NetworkKey("2026-11".to_owned());
    let row = placed(ours, record.clone(), b"ours");
    stores.vault.put(row.clone()).await?;
    let foreign = Place { tenant: theirs, record };
    assert!(stores.vault.get(&foreign).await?.is_none());
    stores.vault.delete(&foreign).await?;
    stores.log.commit(Draft::of(theirs).deletes(&foreign).commit()).await?;
    assert!(stores.vault.get(&row.place).await?.is_some());
    Ok(())
}

async fn the_others_of_a_kind_are_deleted_in_one_tenant(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (ours, theirs) = (tenant(), tenant());
    let month = |name: &str| Record::NetworkKey(name.to_owned());
    let kept = placed(ours, month("2026-11"), b"kept");
    let past = placed(ours, month("2026-10"), b"past");
    let foreign = placed(theirs, month("2026-10"), b"foreign");
    let other_kind = placed(ours, Record::HandOff(AttemptId(id())), b"other");
    for row in [&kept, &past, &foreign, &other_kind] {
        stores.vault.put(row.clone()).await?;
    }
    stores.vault.delete_others(&kept.place).await?;
    assert!(stores.vault.get(&past.place).await?.is_none());
    for row in [&kept, &foreign, &other_kind] {
        assert!(stores.vault.get(&row.place).await?.is_some());
    }
    Ok(())
}

async fn the_rows_of_an_account_are_counted_across_tenants(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let credential = |account: [u8; 32]| {
        let mut row = placed(tenant(), Record::Credential(GrantId(id()), 1), b"sealed");
        row.account_key = Some(account);
        row
    };
    let (one, two, other) = (credential([1; 32]), credential([1; 32]), credential([2; 32]));
    stores
        .log
        .commit(Draft::default().puts(&one).puts(&other).commit())
        .await?;
    stores.vault.put(two).await?;
    stores.vault.put(row(tenant(), b"of nobody")).await?;
    assert_eq!(stores.vault.rows_of_account(&[1; 32]).await?, 2);
    stores.log.commit(Draft::default().deletes(&one.place).commit()).await?;
    assert_eq!(stores.vault.rows_of_account(&[1; 32]).await?, 1);
    assert_eq!(stores.vault.rows_of_account(&[3; 32]).await?, 0);
    Ok(())
}
