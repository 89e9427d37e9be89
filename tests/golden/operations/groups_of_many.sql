WITH groups AS materialized 
(SELECT orders_1.status AS "key status", count(*) AS count, sum(orders_1.total) AS "sum.total" 
FROM orders AS orders_1 
WHERE true GROUP BY orders_1.status 
HAVING count(DISTINCT orders_1.customer_id) >= 5)
 SELECT CAST(CASE WHEN (count(*) <= 200) THEN coalesce(string_agg(concat('{"key":{"status":', coalesce(('"' || upper(first_groups."key status")) || '"', 'null'), '},"count":', first_groups.count, ',"sum":{"total":', coalesce(('"' || CAST(first_groups."sum.total" AS TEXT)) || '"', 'null'), '}}'), ',' ORDER BY first_groups.count DESC, first_groups."key status"), '') END AS VARCHAR) AS anon_1 
FROM (SELECT groups."key status" AS "key status", groups.count AS count, groups."sum.total" AS "sum.total" 
FROM groups ORDER BY groups.count DESC, groups."key status" 
 LIMIT $1::BIGINT) AS first_groups;
