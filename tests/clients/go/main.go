// The AWS SDK for Go, as its users use it. Every check runs; those that failed are printed, and the exit code is 1.
//
//	go run . FILE
package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	tm "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	tmtypes "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

const (
	bucket = "golang"
	part   = 5 << 20
)

var (
	ctx    = context.Background()
	client *s3.Client
	data   []byte
	keys   = []string{"a b", "a+b", "a/ü/鍵 🪣", "a%2Bb", "a//b", "quote'\"<>&", "~!*()$,:;=@"}
	name   = aws.String(bucket)
)

// What a check finds ends it, not the others.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func equal(found, expected any) {
	if !reflect.DeepEqual(found, expected) {
		panic(fmt.Sprintf("found %v, expected %v", found, expected))
	}
}

// As the SDK's own type where it has one for this code, which `as` says.
func refused(err error, code string, as any) {
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		panic(fmt.Sprintf("found %v, expected %s", err, code))
	}
	if as != nil && !errors.As(err, as) {
		panic(fmt.Sprintf("%s is not %T", code, as))
	}
}

func put(key, body string) *s3.PutObjectOutput {
	return must(client.PutObject(ctx, &s3.PutObjectInput{Bucket: name, Key: &key, Body: strings.NewReader(body)}))
}

func all(body io.ReadCloser) []byte {
	defer body.Close()
	return must(io.ReadAll(body))
}

func read(key string) []byte {
	return all(must(client.GetObject(ctx, &s3.GetObjectInput{Bucket: name, Key: &key})).Body)
}

func same(found []byte) {
	equal(sha256.Sum256(found), sha256.Sum256(data))
}

func manager() *tm.Client {
	return tm.New(client, func(options *tm.Options) {
		options.PartSizeBytes, options.MultipartUploadThreshold, options.Concurrency = part, part, 4
	})
}

func smallAndEmptyObjects() {
	done := must(client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: name, Key: aws.String("small"), Body: strings.NewReader("hello"), ContentType: aws.String("text/x-a"),
		Metadata: map[string]string{"a": "b"},
	}))
	equal(*done.ETag, fmt.Sprintf("\"%x\"", md5.Sum([]byte("hello"))))
	got := must(client.GetObject(ctx, &s3.GetObjectInput{Bucket: name, Key: aws.String("small")}))
	equal(string(all(got.Body)), "hello")
	equal([]any{got.Metadata, *got.ContentType, *got.ETag}, []any{map[string]string{"a": "b"}, "text/x-a", *done.ETag})
	put("empty", "")
	equal(len(read("empty")), 0)
	equal(*must(client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: name, Key: aws.String("empty")})).ContentLength, int64(0))
}

func keysThatNeedCare() {
	for _, key := range keys {
		put(key, key)
	}
	for _, key := range keys {
		equal(string(read(key)), key)
	}
}

func ranges() {
	put("digits", "0123456789")
	get := func(span string) (*s3.GetObjectOutput, error) {
		return client.GetObject(ctx, &s3.GetObjectInput{Bucket: name, Key: aws.String("digits"), Range: &span})
	}
	got := must(get("bytes=2-4"))
	equal([]string{string(all(got.Body)), *got.ContentRange}, []string{"234", "bytes 2-4/10"})
	equal(string(all(must(get("bytes=-3")).Body)), "789")
	_, err := get("bytes=10-")
	refused(err, "InvalidRange", nil)
}

func managedTransfers() {
	// The manager's own: a reader whose length is not known, and parts that are got at once.
	for _, algorithm := range []tmtypes.ChecksumAlgorithm{"", "CRC32C", "SHA256", "CRC64NVME"} {
		key := aws.String("managed" + string(algorithm))
		done := must(manager().UploadObject(ctx, &tm.UploadObjectInput{
			Bucket: name, Key: key, Body: io.MultiReader(bytes.NewReader(data)), ChecksumAlgorithm: algorithm,
			Metadata: map[string]string{"a": "b"},
		}))
		equal(strings.HasSuffix(*done.ETag, "-4\""), true)
		same(read(*key))
		for _, kind := range []tmtypes.GetObjectType{tmtypes.GetObjectParts, tmtypes.GetObjectRanges} {
			got := must(manager().GetObject(ctx, &tm.GetObjectInput{Bucket: name, Key: key}, func(options *tm.Options) {
				options.GetObjectType = kind
			}))
			same(must(io.ReadAll(got.Body)))
			equal(got.Metadata, map[string]string{"a": "b"})
		}
	}
	file := must(os.CreateTemp("", "staves"))
	defer os.Remove(file.Name())
	must(manager().DownloadObject(ctx, &tm.DownloadObjectInput{Bucket: name, Key: aws.String("managed"), WriterAt: file}))
	same(must(os.ReadFile(file.Name())))
}

func anUploadThatFailsIsAborted() {
	broken := io.MultiReader(bytes.NewReader(data), &failing{})
	_, err := manager().UploadObject(ctx, &tm.UploadObjectInput{Bucket: name, Key: aws.String("broken"), Body: broken})
	if !errors.Is(err, io.ErrNoProgress) {
		panic(fmt.Sprint("found ", err))
	}
	left := must(client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: name}))
	equal(len(left.Uploads), 0)
	_, err = client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: name, Key: aws.String("broken")})
	refused(err, "NotFound", new(*types.NotFound))
}

type failing struct{}

func (*failing) Read([]byte) (int, error) { return 0, io.ErrNoProgress }

func partsThatAreCopied() {
	must(client.PutObject(ctx, &s3.PutObjectInput{Bucket: name, Key: &keys[2], Body: bytes.NewReader(data)}))
	key, source := aws.String("copy"), aws.String(bucket+"/a/%C3%BC/%E9%8D%B5%20%F0%9F%AA%A3")
	upload := must(client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: name, Key: key})).UploadId
	var parts []types.CompletedPart
	for at := 0; at < len(data); at += part {
		number := aws.Int32(int32(len(parts) + 1))
		span := fmt.Sprintf("bytes=%d-%d", at, min(at+part, len(data))-1)
		done := must(client.UploadPartCopy(ctx, &s3.UploadPartCopyInput{
			Bucket: name, Key: key, UploadId: upload, PartNumber: number, CopySource: source, CopySourceRange: &span,
		}))
		parts = append(parts, types.CompletedPart{ETag: done.CopyPartResult.ETag, PartNumber: number})
	}
	equal(len(must(client.ListParts(ctx, &s3.ListPartsInput{Bucket: name, Key: key, UploadId: upload})).Parts), 4)
	must(client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: name, Key: key, UploadId: upload, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	}))
	same(read("copy"))
}

func pagesADelimiterAndDeletingMany() {
	var made []string
	var gone []types.ObjectIdentifier
	for _, folder := range []string{"x", "y", "z"} {
		for n := range 4 {
			key := fmt.Sprintf("list/%s/%d", folder, n)
			put(key, "")
			made, gone = append(made, key), append(gone, types.ObjectIdentifier{Key: &key})
		}
	}
	var listed []string
	pages := 0
	input := &s3.ListObjectsV2Input{Bucket: name, Prefix: aws.String("list/")}
	for pager := s3.NewListObjectsV2Paginator(client, input, func(options *s3.ListObjectsV2PaginatorOptions) {
		options.Limit = 5
	}); pager.HasMorePages(); pages++ {
		for _, item := range must(pager.NextPage(ctx)).Contents {
			listed = append(listed, *item.Key)
		}
	}
	equal(pages, 3)
	equal(listed, made)
	input.Delimiter = aws.String("/")
	var prefixes []string
	for _, item := range must(client.ListObjectsV2(ctx, input)).CommonPrefixes {
		prefixes = append(prefixes, *item.Prefix)
	}
	equal(prefixes, []string{"list/x/", "list/y/", "list/z/"})
	done := must(client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: name, Delete: &types.Delete{Objects: gone}}))
	equal([]int{len(done.Deleted), len(done.Errors)}, []int{len(made), 0})
	equal(*must(client.ListObjectsV2(ctx, input)).KeyCount, int32(0))
}

func conditions() {
	write := func(body string) error {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: name, Key: aws.String("once"), Body: strings.NewReader(body), IfNoneMatch: aws.String("*"),
		})
		return err
	}
	equal(write("1"), nil)
	refused(write("2"), "PreconditionFailed", nil)
	equal(string(read("once")), "1")
}

func presignedURLs() {
	signer := s3.NewPresignClient(client)
	do := func(method, url, body string, headers http.Header) (int, string) {
		request := must(http.NewRequest(method, url, strings.NewReader(body)))
		request.Header = headers
		answer := must(http.DefaultClient.Do(request))
		return answer.StatusCode, string(all(answer.Body))
	}
	write := must(signer.PresignPutObject(ctx, &s3.PutObjectInput{
		Bucket: name, Key: &keys[2], ContentType: aws.String("text/x-signed"), Metadata: map[string]string{"a": "b"},
	}))
	headers := write.SignedHeader.Clone()
	headers.Del("Host")
	status, body := do(write.Method, write.URL, "presigned", headers)
	equal([]any{status, body}, []any{200, ""})
	headers.Set("Content-Type", "text/x-other")
	status, _ = do(write.Method, write.URL, "other", headers)
	equal(status, 403)
	get := must(signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: name, Key: &keys[2]}, s3.WithPresignExpires(time.Minute)))
	status, body = do(get.Method, get.URL, "", http.Header{})
	equal([]any{status, body}, []any{200, "presigned"})
	head := must(client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: name, Key: &keys[2]}))
	equal([]any{head.Metadata, *head.ContentType}, []any{map[string]string{"a": "b"}, "text/x-signed"})
}

func everyChecksumThatTheSDKComputes() {
	for _, algorithm := range []types.ChecksumAlgorithm{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512"} {
		key, field := aws.String("sum"), "Checksum"+string(algorithm)
		of := func(output any) string {
			return *reflect.ValueOf(output).Elem().FieldByName(field).Interface().(*string)
		}
		sent := must(client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: name, Key: key, Body: bytes.NewReader(data), ChecksumAlgorithm: algorithm,
		}))
		got := must(client.GetObject(ctx, &s3.GetObjectInput{Bucket: name, Key: key, ChecksumMode: types.ChecksumModeEnabled}))
		// The SDK compares the checksum while it reads.
		same(all(got.Body))
		equal([]string{of(got), string(got.ChecksumType)}, []string{of(sent), "FULL_OBJECT"})

		wrong := must(base64.StdEncoding.DecodeString(of(sent)))
		wrong[0] ^= 1
		input := &s3.PutObjectInput{Bucket: name, Key: key, Body: bytes.NewReader(data)}
		reflect.ValueOf(input).Elem().FieldByName(field).Set(reflect.ValueOf(aws.String(base64.StdEncoding.EncodeToString(wrong))))
		_, err := client.PutObject(ctx, input)
		refused(err, "BadDigest", nil)
	}
}

func versionsAndTags() {
	there, key := aws.String("golang-versions"), aws.String("k")
	must(client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: there}))
	must(client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: there, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	}))
	write := func(body string) *string {
		input := &s3.PutObjectInput{Bucket: there, Key: key, Body: strings.NewReader(body), Tagging: aws.String("n=" + body)}
		return must(client.PutObject(ctx, input)).VersionId
	}
	first, second := write("1"), write("2")
	got := must(client.GetObject(ctx, &s3.GetObjectInput{Bucket: there, Key: key, VersionId: first}))
	equal([]any{string(all(got.Body)), *got.TagCount}, []any{"1", int32(1)})
	marker := must(client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: there, Key: key}))
	_, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: there, Key: key})
	refused(err, "NoSuchKey", new(*types.NoSuchKey))
	listed := must(client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: there}))
	equal([]string{*listed.Versions[0].VersionId, *listed.Versions[1].VersionId}, []string{*second, *first})
	equal(*listed.DeleteMarkers[0].VersionId, *marker.VersionId)
	tags := must(client.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: there, Key: key, VersionId: second}))
	equal(*tags.TagSet[0].Value, "2")
}

func typedErrors() {
	_, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: name, Key: aws.String("none")})
	refused(err, "NoSuchKey", new(*types.NoSuchKey))
	_, err = client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("none-at-all")})
	refused(err, "NoSuchBucket", new(*types.NoSuchBucket))
	_, err = client.ListParts(ctx, &s3.ListPartsInput{Bucket: name, Key: aws.String("k"), UploadId: aws.String("none")})
	refused(err, "NoSuchUpload", nil)
}

func main() {
	data = must(os.ReadFile(os.Args[1]))
	client = s3.NewFromConfig(must(config.LoadDefaultConfig(ctx)), func(options *s3.Options) {
		options.UsePathStyle, options.RetryMaxAttempts = true, 1
	})
	must(client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name}))
	failed := 0
	for title, run := range map[string]func(){
		"small and empty objects": smallAndEmptyObjects, "keys that need care": keysThatNeedCare, "ranges": ranges,
		"managed transfers": managedTransfers, "an upload that fails is aborted": anUploadThatFailsIsAborted,
		"parts that are copied": partsThatAreCopied, "conditions": conditions, "presigned URLs": presignedURLs,
		"pages, a delimiter, and deleting many": pagesADelimiterAndDeletingMany, "typed errors": typedErrors,
		"every checksum that the SDK computes": everyChecksumThatTheSDKComputes, "versions and tags": versionsAndTags,
	} {
		func() {
			defer func() {
				if found := recover(); found != nil {
					fmt.Printf("FAILED: %s: %v\n", title, found)
					failed = 1
				}
			}()
			run()
		}()
	}
	os.Exit(failed)
}
