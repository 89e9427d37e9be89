SELECT CAST((SELECT concat('{"totalCount":', (SELECT count(*) AS count_1 
FROM orders AS orders_1 
WHERE orders_1.policy_customer_region = ANY ($1::TEXT[]) AND orders_1.status = ANY ($2::TEXT[])), ',"edges":[', string_agg(concat('{"cursor":', chr(1), '0|["', page_0.total, '",', page_0.id, ']', chr(1), ',"node":{"databaseId":"', page_0.id, '","total":"', page_0.total, '"}}'), ',' ORDER BY page_0.number) FILTER (WHERE page_0.number <= $3::BIGINT), '],"pageInfo":{"hasNextPage":', CASE WHEN (count(*) > $3::BIGINT) THEN 'true' WHEN (count(*) <= $3::BIGINT) THEN 'false' ELSE 'null' END, ',"hasPreviousPage":false,"startCursor":', coalesce(min(concat(chr(1), '0|["', page_0.total, '",', page_0.id, ']', chr(1))) FILTER (WHERE page_0.number = 1), 'null'), ',"endCursor":', coalesce((array_agg(concat(chr(1), '0|["', page_0.total, '",', page_0.id, ']', chr(1)) ORDER BY page_0.number DESC) FILTER (WHERE page_0.number <= $3::BIGINT))[$4::INTEGER], 'null'), '}}') AS concat_1 
FROM (SELECT page_0_rows.id AS id, page_0_rows.total AS total, row_number() OVER () AS number 
FROM (SELECT orders_2.id AS id, orders_2.total AS total 
FROM orders AS orders_2 
WHERE orders_2.policy_customer_region = ANY ($5::TEXT[]) AND orders_2.status = ANY ($6::TEXT[]) ORDER BY orders_2.total, orders_2.id 
 LIMIT $7::BIGINT) AS page_0_rows) AS page_0) AS VARCHAR) AS anon_1;
