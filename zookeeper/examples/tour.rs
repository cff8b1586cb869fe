//! Connects to the given servers, creates a znode, watches it, changes it, and prints the events.

#![expect(clippy::print_stdout, reason = "an example that shows what it does")]

use std::error::Error;
use std::time::Duration;

use zookeeper::{
    AddWatch, Create, CreateMode, Delete, GetChildren2, GetData, Multi, MultiRead, Operation,
    Options, Permit, Read, SetData, WatchMode, start,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let servers = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:2181".to_owned());
    let mut options = Options::parse(&servers)?;
    options.timeout = Duration::from_secs(10);
    let (client, mut feed) = start(options);
    let told = tokio::spawn(async move {
        while let Some(item) = feed.next().await {
            println!("told: {item:?}");
        }
    });
    let lake =
        client.call(Create::new("/lake-", "deep").mode(CreateMode::EphemeralSequential)).await?;
    let path = lake.path;
    let data = client.call(GetData::new(&*path).watch(true)).await?;
    println!("{path}: {data:?}");
    println!("watches: {:?}", client.watches());
    client.call(SetData::new(&*path, "shallow")).await?;
    let added = client.call(AddWatch::new("/", WatchMode::PersistentRecursive)).await;
    println!("addWatch: {added:?}");
    let transaction = client
        .call(Multi::new([
            Operation::SetData(SetData::new(&*path, "dry")),
            Operation::Delete(Delete::new(&*path)),
        ]))
        .await?;
    println!("{transaction:?}");
    let reads = client
        .call(MultiRead::new([Read::Children("/".into()), Read::Data("/nowhere".into())]))
        .await;
    println!("{reads:?}");
    println!("{:#?}", client.facts());
    client.break_connection();
    let last = client.send_last(Permit::unmetered(), GetChildren2::new("/")).await;
    println!("{last:?}");
    println!("ended: {}", client.ended().await);
    told.await?;
    Ok(())
}
