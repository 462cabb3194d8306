//! The same behaviours through S3 and every facade: what a multipart upload must do whoever speaks. Where products differ,
//! the adapter says how; that nothing is lost, left behind or made up holds for all.

#[path = "conformance/adapter.rs"]
mod adapter;
#[path = "conformance/arcgis.rs"]
mod arcgis;
#[path = "conformance/geolens.rs"]
mod geolens;
#[path = "conformance/gjirafa.rs"]
mod gjirafa;
#[path = "conformance/here.rs"]
mod here;
#[path = "conformance/s3.rs"]
mod s3;

use self::adapter::{Adapter, Listed, Refusal, Rule, Started};

use super::plain::World;

macro_rules! through_all {
    ($($test:ident),+ $(,)?) => {
        through_all! { @dialect through_s3 s3::S3 start $($test)+ }
        through_all! { @dialect through_gjirafa gjirafa::Gjirafa start $($test)+ }
        through_all! { @dialect through_geolens geolens::GeoLens start $($test)+ }
        through_all! { @dialect through_here_v2 here::HereV2 start $($test)+ }
        through_all! { @dialect through_here_v1 here::HereV1 start $($test)+ }
        through_all! { @dialect through_arcgis arcgis::ArcGis start $($test)+ }
        #[cfg(feature = "upstream")]
        through_all! { @dialect through_gjirafa_over_an_upstream gjirafa::Gjirafa over_upstream $($test)+ }
        #[cfg(feature = "upstream")]
        through_all! { @dialect through_geolens_over_an_upstream geolens::GeoLens over_upstream $($test)+ }
    };
    (@dialect $module:ident $adapter:ident :: $type:ident $world:ident $($test:ident)+) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                use super::adapter::Adapter as _;
                type Through = super::$adapter::$type;
                super::$test::<Through>(Through::$world().await).await;
            })+
        }
    };
}

through_all! {
    parts_arrive_in_any_order,
    a_list_in_another_order,
    a_part_is_replaced,
    a_listed_part_is_missing,
    an_id_that_is_not_the_parts,
    a_digest_that_is_not_the_bodys,
    a_part_that_is_too_small,
    a_gap_in_the_numbers,
    completions_at_once,
    an_abort_during_the_upload,
    a_completion_again,
    a_restart_in_between,
    an_upload_url_that_has_ended,
    what_is_made_is_told,
}

/// A part's bytes: of the least size, or a little less or more; all the same, so that whose they are can be seen.
fn bytes<A: Adapter>(n: u16) -> Vec<u8> {
    vec![u8::try_from(n).unwrap(); A::UNIT]
}

fn last() -> Vec<u8> {
    b"the end".to_vec()
}

/// Uploads parts 1 to 3, and returns what their list is.
async fn three_parts<A: Adapter>(world: &World, started: &Started) -> Vec<(u16, String)> {
    let mut list = Vec::new();
    for (n, body) in [(1, bytes::<A>(1)), (2, bytes::<A>(2)), (3, last())] {
        list.push((n, A::part(world, started, n, &body).await.unwrap()));
    }
    list
}

fn whole<A: Adapter>() -> Vec<u8> {
    [bytes::<A>(1), bytes::<A>(2), last()].concat()
}

async fn start<A: Adapter>(world: &World) -> Started {
    A::start_upload(world, whole::<A>().len(), 3).await
}

/// A refused completion has made no object, and changed nothing: the right list still completes the upload.
async fn refused_and_nothing_changed<A: Adapter>(
    world: &World,
    started: &Started,
    refused: Result<(), Refusal>,
    list: &[(u16, String)],
) {
    let refusal = refused.expect_err("a refusal");
    assert!((400..500).contains(&refusal.status) || A::says_no(&refusal), "{refusal:?}");
    assert_eq!(A::object(world, started).await, None, "{refusal:?}");
    if A::REFUSAL_ENDS_UPLOAD {
        // Such products tell their users to start anew.
        assert!(A::complete(world, started, list).await.is_err());
        assert_eq!(A::object(world, started).await, None);
        return;
    }
    A::complete(world, started, list).await.unwrap();
    assert_eq!(A::object(world, started).await, Some(whole::<A>()));
}

async fn parts_arrive_in_any_order<A: Adapter>(world: World) {
    let started = start::<A>(&world).await;
    let mut list = Vec::new();
    for (n, body) in [(3, last()), (1, bytes::<A>(1)), (2, bytes::<A>(2))] {
        list.push((n, A::part(&world, &started, n, &body).await.unwrap()));
    }
    assert_eq!(A::object(&world, &started).await, None, "there is no object before the completion");
    list.sort();
    A::complete(&world, &started, &list).await.unwrap();
    assert_eq!(A::object(&world, &started).await, Some(whole::<A>()));
}

async fn a_list_in_another_order<A: Adapter>(world: World) {
    let started = start::<A>(&world).await;
    let mut body = Vec::new();
    for (n, bytes) in [(1, bytes::<A>(1)), (2, bytes::<A>(2)), (3, bytes::<A>(3))] {
        body.push((n, A::part(&world, &started, n, &bytes).await.unwrap(), bytes));
    }
    // So that the declared size of those that want one is right, the last part is cut to it.
    let (n, bytes) = (3, last());
    body[2] = (n, A::part(&world, &started, n, &bytes).await.unwrap(), bytes);
    let list: Vec<_> = body.iter().map(|(n, id, _)| (*n, id.clone())).collect();
    let mut swapped = list.clone();
    swapped.swap(0, 1);
    let completed = A::complete(&world, &started, &swapped).await;
    match A::LISTED {
        Listed::HasToAscend => refused_and_nothing_changed::<A>(&world, &started, completed, &list).await,
        Listed::ByNumber => {
            completed.unwrap();
            assert_eq!(A::object(&world, &started).await, Some(whole::<A>()));
        }
        Listed::AsTheListSays => {
            completed.unwrap();
            let expected = [&body[1].2[..], &body[0].2, &body[2].2].concat();
            assert_eq!(A::object(&world, &started).await, Some(expected));
        }
    }
}

async fn a_part_is_replaced<A: Adapter>(world: World) {
    let started = start::<A>(&world).await;
    A::part(&world, &started, 2, &vec![9; 100_000]).await.unwrap();
    let list = three_parts::<A>(&world, &started).await;
    A::complete(&world, &started, &list).await.unwrap();
    assert_eq!(A::object(&world, &started).await, Some(whole::<A>()));
    // Nothing of the first try is left.
    let files = [bytes::<A>(1), bytes::<A>(2), last()].iter().filter(|body| body.len() > 8 << 10).count();
    world.expect_blob_files(files).await;
}

async fn a_listed_part_is_missing<A: Adapter>(world: World) {
    let started = start::<A>(&world).await;
    let (one, three) = (
        A::part(&world, &started, 1, &bytes::<A>(1)).await.unwrap(),
        A::part(&world, &started, 3, &last()).await.unwrap(),
    );
    let completed = A::complete(&world, &started, &[(1, one.clone()), (2, one.clone()), (3, three.clone())]).await;
    if !A::REFUSAL_ENDS_UPLOAD {
        let two = A::part(&world, &started, 2, &bytes::<A>(2)).await.unwrap();
        return refused_and_nothing_changed::<A>(&world, &started, completed, &[(1, one), (2, two), (3, three)]).await;
    }
    refused_and_nothing_changed::<A>(&world, &started, completed, &[(1, one), (3, three)]).await;
}

async fn an_id_that_is_not_the_parts<A: Adapter>(world: World) {
    if A::IDS == Rule::Refused {
        return; // The product's list has numbers alone.
    }
    let started = start::<A>(&world).await;
    let list = three_parts::<A>(&world, &started).await;
    let mut wrong = list.clone();
    wrong[0].1.clone_from(&list[1].1);
    let completed = A::complete(&world, &started, &wrong).await;
    refused_and_nothing_changed::<A>(&world, &started, completed, &list).await;
}

async fn a_digest_that_is_not_the_bodys<A: Adapter>(world: World) {
    let started = start::<A>(&world).await;
    let list = three_parts::<A>(&world, &started).await;
    let Some(refused) = A::part_with_wrong_digest(&world, &started, 2, &vec![8; 100_000]).await else { return };
    let refusal = refused.expect_err("a refusal");
    assert_eq!(refusal.status, 400, "{refusal:?}");
    // The part that was there is there still.
    A::complete(&world, &started, &list).await.unwrap();
    assert_eq!(A::object(&world, &started).await, Some(whole::<A>()));
    world.expect_blob_files([bytes::<A>(1), bytes::<A>(2)].iter().filter(|body| body.len() > 8 << 10).count()).await;
}

async fn a_part_that_is_too_small<A: Adapter>(world: World) {
    let started = start::<A>(&world).await;
    let list = three_parts::<A>(&world, &started).await;
    let small = A::part(&world, &started, 2, &bytes::<A>(2)[1..]).await.unwrap();
    let completed = A::complete(&world, &started, &[list[0].clone(), (2, small), list[2].clone()]).await;
    match A::SMALL {
        Rule::Taken => {
            completed.unwrap();
            let expected = [&bytes::<A>(1)[..], &bytes::<A>(2)[1..], &last()].concat();
            assert_eq!(A::object(&world, &started).await, Some(expected));
        }
        Rule::Refused => {
            let mut list = list;
            if !A::REFUSAL_ENDS_UPLOAD {
                list[1].1 = A::part(&world, &started, 2, &bytes::<A>(2)).await.unwrap();
            }
            refused_and_nothing_changed::<A>(&world, &started, completed, &list).await;
        }
    }
}

async fn a_gap_in_the_numbers<A: Adapter>(world: World) {
    let started = A::start_upload(&world, bytes::<A>(1).len() + last().len(), 3).await;
    let one = A::part(&world, &started, 1, &bytes::<A>(1)).await.unwrap();
    let three = A::part(&world, &started, 3, &last()).await.unwrap();
    let completed = A::complete(&world, &started, &[(1, one), (3, three)]).await;
    match A::GAPS {
        Rule::Taken => {
            completed.unwrap();
            assert_eq!(A::object(&world, &started).await, Some([bytes::<A>(1), last()].concat()));
        }
        Rule::Refused => {
            let refusal = completed.expect_err("a refusal");
            assert_eq!(A::object(&world, &started).await, None, "{refusal:?}");
        }
    }
}

async fn completions_at_once<A: Adapter>(world: World) {
    let started = start::<A>(&world).await;
    let list = three_parts::<A>(&world, &started).await;
    let (a, b, c) = tokio::join!(
        A::complete(&world, &started, &list),
        A::complete(&world, &started, &list),
        A::complete(&world, &started, &list)
    );
    let succeeded = [&a, &b, &c].iter().filter(|completed| completed.is_ok()).count();
    match A::AGAIN {
        Rule::Taken => assert_eq!(succeeded, 3, "{a:?} {b:?} {c:?}"),
        Rule::Refused => assert!(succeeded >= 1, "{a:?} {b:?} {c:?}"),
    }
    assert_eq!(A::object(&world, &started).await, Some(whole::<A>()));
}

async fn an_abort_during_the_upload<A: Adapter>(world: World) {
    let started = start::<A>(&world).await;
    let list = three_parts::<A>(&world, &started).await;
    let late = vec![5; 200_000];
    let (aborted, part) = tokio::join!(A::abort(&world, &started), A::part(&world, &started, 2, &late));
    let Some(aborted) = aborted else { return }; // The product knows no abort.
    aborted.unwrap();
    drop(part); // It was in time, or it was not.
    let refusal = A::part(&world, &started, 3, &late).await.expect_err("a part after the abort");
    assert!((400..500).contains(&refusal.status) || A::says_no(&refusal), "{refusal:?}");
    A::complete(&world, &started, &list).await.expect_err("a completion after the abort");
    assert_eq!(A::object(&world, &started).await, None);
    world.expect_blob_files(0).await;
}

async fn a_completion_again<A: Adapter>(world: World) {
    let started = start::<A>(&world).await;
    let list = three_parts::<A>(&world, &started).await;
    A::complete(&world, &started, &list).await.unwrap();
    let again = A::complete(&world, &started, &list).await;
    match A::AGAIN {
        Rule::Taken => again.unwrap(),
        Rule::Refused => drop(again.expect_err("a second completion")),
    }
    assert_eq!(A::object(&world, &started).await, Some(whole::<A>()));
}

async fn a_restart_in_between<A: Adapter>(mut world: World) {
    let mut started = start::<A>(&world).await;
    let one = A::part(&world, &started, 1, &bytes::<A>(1)).await.unwrap();
    world.restart().await;
    A::after_restart(&world, &mut started).await;
    let two = A::part(&world, &started, 2, &bytes::<A>(2)).await.unwrap();
    let three = A::part(&world, &started, 3, &last()).await.unwrap();
    world.restart().await;
    A::after_restart(&world, &mut started).await;
    A::complete(&world, &started, &[(1, one), (2, two), (3, three)]).await.unwrap();
    world.restart().await;
    A::after_restart(&world, &mut started).await;
    assert_eq!(A::object(&world, &started).await, Some(whole::<A>()));
}

async fn an_upload_url_that_has_ended<A: Adapter>(world: World) {
    let Some(seconds) = A::URL_SECONDS else { return }; // The bytes go through the API itself.
    let started = start::<A>(&world).await;
    A::part(&world, &started, 1, &bytes::<A>(1)).await.unwrap();
    world.pass_seconds(seconds);
    let refusal = A::part(&world, &started, 2, &vec![4; 100_000]).await.expect_err("a part by an ended URL");
    assert_eq!(refusal.status, 403, "{refusal:?}");
    assert!(refusal.text.contains("Request has expired"), "{refusal:?}");
    world.expect_blob_files(usize::from(A::UNIT > 8 << 10)).await;
}

async fn what_is_made_is_told<A: Adapter>(world: World) {
    const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:queue";
    let started = start::<A>(&world).await;
    let storage = world.storage_client();
    let document = format!(
        "<NotificationConfiguration><QueueConfiguration><Queue>{QUEUE}</Queue><Event>s3:ObjectCreated:*</Event>\
         </QueueConfiguration></NotificationConfiguration>"
    );
    let buckets = storage.get("/").send().await.expect_status(200).xml_all("Name");
    for bucket in buckets {
        let put = storage.put(&format!("/{bucket}?notification")).header("x-amz-skip-destination-validation", "true");
        put.body(&document).send().await.expect_status(200);
    }
    let list = three_parts::<A>(&world, &started).await;
    A::complete(&world, &started, &list).await.unwrap();
    let told = world.told().await;
    let record = |event: &serde_json::Value| event["message"]["Records"][0].clone();
    let completed = told.iter().map(record).find(|record| {
        record["eventName"] == "ObjectCreated:CompleteMultipartUpload"
            && record["s3"]["object"]["size"].as_u64() == Some(whole::<A>().len() as u64)
    });
    assert!(completed.is_some(), "{told:#?}");
}
